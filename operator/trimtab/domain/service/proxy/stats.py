"""What the proxy counts: the counters by which releases are judged, with the labels that find them.

A scrape holds only what is listed here; Envoy has hundreds more, for each pod.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.domain.service.meta import Identity

BUCKETS = (5, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000, 30000)
"""Upper bounds of the latency histograms in milliseconds; `latency.under` of a KPI is one of them."""

BAD_GRPC = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
"""gRPC statuses that say that the service failed, not that the request was wrong."""

_SCRAPED = (
    r"http\.(direct|routed)\.downstream_(rq_(total|[1-5]xx|tx_reset|rx_reset|time|active)|cx_(total|active))",
    r"http\.(bad_grpc|canceled_time)\..*",
    r"tcp\.(direct|routed)\.downstream_cx_(total|rx_bytes_total|tx_bytes_total)",
    r"cluster\.app-.*\.upstream_(rq_(pending_active|pending_overflow|timeout|active)|cx_(active|overflow|connect_fail))",
    r".*http_local_rate_limit\.rate_limited",
    r"server\.(live|uptime|memory_allocated)",
)


def labels(owner: Identity, revision: str) -> Mapping[str, str]:
    """What every metric says of whose it is."""
    return {
        "trimtab_namespace": owner.namespace,
        "trimtab_microservice": owner.name,
        "trimtab_revision": revision,
    }


def config(own: Mapping[str, str]) -> dict[str, Any]:
    """The labels of every metric that Envoy has by itself, the buckets, and which metrics there are."""
    return {
        "stats_tags": [{"tag_name": name, "fixed_value": value} for name, value in own.items()],
        "histogram_bucket_settings": [{"match": {"prefix": "http."}, "buckets": list(BUCKETS)}],
        "stats_matcher": {"inclusion_list": {"patterns": [{"safe_regex": {"regex": regex}} for regex in _SCRAPED]}},
    }


def access_logs(prefix: str, own: Mapping[str, str]) -> list[dict[str, Any]]:
    """Counts what Envoy's own counters do not: requests that failed by gRPC status, and those that clients gave up.

    Each of the two leaves out what is counted elsewhere, so that a failed request is counted once. Envoy gives these
    metrics no labels but those named here.
    """
    tags = {"envoy.http_conn_manager_prefix": prefix, **own}
    time = {"stat": _stat("canceled_time", tags), "unit": "Milliseconds", "value_format": "%DURATION%"}
    return [
        {
            "name": "envoy.access_loggers.stats",
            "filter": {
                "and_filter": {
                    "filters": [
                        _grpc_request(),
                        {"grpc_status_filter": {"statuses": list(BAD_GRPC)}},
                        _answered_with_status(),
                        _no_server_error(),
                    ]
                }
            },
            "typed_config": _logger({"counters": [{"stat": _stat("bad_grpc", tags), "value_fixed": 1}]}),
        },
        {
            "name": "envoy.access_loggers.stats",
            "filter": {
                "and_filter": {"filters": [{"response_flag_filter": {"flags": ["DC", "DR"]}}, _no_server_error()]}
            },
            "typed_config": _logger({"histograms": [time]}),
        },
    ]


def _logger(stats: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config",
        "stats_scope": {"prefix": "http"},
        **stats,
    }


def _stat(name: str, tags: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "tags": [{"name": tag, "value_format": value} for tag, value in tags.items()]}


def _grpc_request() -> dict[str, Any]:
    return {"header_filter": {"header": {"name": "content-type", "string_match": {"prefix": "application/grpc"}}}}


def _answered_with_status() -> dict[str, Any]:
    """A stream that was reset has no status; it is counted as reset."""
    return _cel("'grpc-status' in response.trailers || 'grpc-status' in response.headers")


def _no_server_error() -> dict[str, Any]:
    code = {"default_value": 499, "runtime_key": "trimtab.highest_code"}
    return {"status_code_filter": {"comparison": {"op": "LE", "value": code}}}


def _cel(expression: str) -> dict[str, Any]:
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": expression,
            },
        }
    }
