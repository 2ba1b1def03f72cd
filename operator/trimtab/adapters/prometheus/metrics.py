"""Metrics of the queries to Prometheus."""

from prometheus_client import Counter, Histogram

QUERIES = Counter("trimtab_prometheus_queries_total", "Queries to Prometheus by result.", ["result"])
SECONDS = Histogram(
    "trimtab_prometheus_query_seconds",
    "Time until Prometheus had answered in full.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
BYTES = Counter("trimtab_prometheus_response_bytes_total", "Bytes of Prometheus' answers, decompressed.")
