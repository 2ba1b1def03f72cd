"""The proxy's listeners: two for each port of the service, and the one that shows metrics."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.microservice import MicroserviceSpec, Port
from trimtab.api.scalars import parse_duration
from trimtab.domain.service.containers import whole_seconds
from trimtab.domain.service.proxy import clusters, numbers, stats

_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_OFF = "0s"


def listener(port: Port, kind: str, number: int, spec: MicroserviceSpec, labels: Mapping[str, str]) -> dict[str, Any]:
    """What listens on the pod's port `number`, counted as `kind` with `labels`, and leads to the container's `port`."""
    inside = _tcp(port, kind) if port.protocol == "TCP" else _http(port, kind, spec, labels)
    return _listener(f"{kind}-{port.name}", number, inside)


def metrics() -> dict[str, Any]:
    """Shows /ready and /stats/prometheus of the administration interface, and nothing else of it."""
    routes = [
        {
            "match": {
                "path": path,
                "headers": [{"name": ":method", "string_match": {"exact": "GET"}}],
            },
            "route": {"cluster": clusters.ADMIN, "timeout": "10s"},
        }
        for path in ("/ready", "/stats/prometheus")
    ]
    return _listener("metrics", numbers.METRICS, _manager("metrics", routes))


def _listener(name: str, number: int, network_filter: dict[str, Any]) -> dict[str, Any]:
    """On all addresses, IPv4 and IPv6: clusters have pods with the one, the other, or both."""
    socket = {"address": "::", "port_value": number, "ipv4_compat": True}
    return {
        "name": name,
        "address": {"socket_address": socket},
        "per_connection_buffer_limit_bytes": 65536,
        "filter_chains": [{"filters": [network_filter]}],
    }


def _tcp(port: Port, kind: str) -> dict[str, Any]:
    return {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": kind,
            "cluster": clusters.name(port),
            "idle_timeout": _OFF,
        },
    }


def _http(port: Port, kind: str, spec: MicroserviceSpec, labels: Mapping[str, str]) -> dict[str, Any]:
    drain = whole_seconds(spec.shutdown.drain)
    timeout = spec.resilience.timeout if spec.resilience is not None else None
    action = {
        "cluster": clusters.name(port),
        "timeout": f"{parse_duration(timeout).total_seconds():g}s" if timeout else _OFF,
        "retry_policy": {"retry_on": "refused-stream", "num_retries": 1},  # which the container has not begun
    }
    manager = _manager(kind, [{"match": {"prefix": "/"}, "route": action}])
    if spec.resilience is not None and spec.resilience.rate_limit is not None:
        manager["typed_config"]["http_filters"].insert(0, _rate_limit(spec.resilience.rate_limit.requests_per_second))
    manager["typed_config"] |= {
        "access_log": stats.access_logs(kind, labels),
        "common_http_protocol_options": {
            "idle_timeout": _OFF,
            "max_connection_duration": f"{min(10.0, drain / 2):g}s",
        },
        "http1_safe_max_connection_duration": True,
        "drain_timeout": f"{drain / 4:g}s",
        "stream_idle_timeout": _OFF,
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "localhost"},
        "http2_protocol_options": {
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
        },
    }
    return manager


def _rate_limit(per_second: int) -> dict[str, Any]:
    """A bucket of one second's requests, for all connections of the listener."""
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "inbound",
            "token_bucket": {"max_tokens": per_second, "tokens_per_fill": per_second, "fill_interval": "1s"},
            "filter_enabled": always,
            "filter_enforced": always,
            "rate_limited_as_resource_exhausted": True,
        },
    }


def _manager(prefix: str, routes: list[dict[str, Any]]) -> dict[str, Any]:
    """As invisible as can be: no header is added, taken away or trusted."""
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": _MANAGER,
            "stat_prefix": prefix,
            "route_config": {"virtual_hosts": [{"name": prefix, "domains": ["*"], "routes": routes}]},
            "server_header_transformation": "PASS_THROUGH",
            "generate_request_id": False,
            "use_remote_address": False,
            "skip_xff_append": True,
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                        "suppress_envoy_headers": True,
                    },
                }
            ],
        },
    }
