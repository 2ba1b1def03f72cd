"""Metrics of the requests to the API server."""

from functools import cache
from typing import Any

from prometheus_client import Counter, Histogram

REST_REQUESTS = Counter(
    "rest_client_requests_total",
    "Requests to the API server, named as client-go names them.",
    ["code", "method", "host"],
)
REQUESTS = Counter("trimtab_k8s_requests_total", "Requests to the API server by kind.", ["verb", "kind", "code"])
LATENCY = Histogram(
    "rest_client_request_duration_seconds",
    "Time until the API server answered.",
    ["verb"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)


def count(code: str, method: str, host: str, verb: str, kind: str, seconds: float) -> None:
    """Takes note of one request."""
    _child(REST_REQUESTS, code, method, host).inc()
    _child(REQUESTS, verb, kind, code).inc()
    _child(LATENCY, verb).observe(seconds)


@cache
def _child(metric: Any, *labels: str) -> Any:
    """Looking a label set up costs as much as the rest of a small request; there are few of them."""
    return metric.labels(*labels)
