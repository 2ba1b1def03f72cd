"""Where the proxy sends requests: the service's container on loopback, and Envoy's own administration interface."""

from typing import Any

from trimtab.api.microservice import Port
from trimtab.api.resilience import Resilience
from trimtab.domain.service.proxy import numbers

ADMIN = "admin"

_UNLIMITED = 4294967295
"""Envoy limits everything to 1024 where nothing is said; a service without limits is to have none."""

_IDLE = "1s"
"""A connection to the container that was idle for so long is closed, before the container closes it: a request that
meets the container's closing is lost. Usual servers wait for 2 s (gunicorn) and longer."""


def app(port: Port, resilience: Resilience | None) -> dict[str, Any]:
    """The service's container on one of its ports, with the limits on connections and waiting requests."""
    cluster = _cluster(name(port), port.port)
    cluster["circuit_breakers"] = {"thresholds": [_thresholds(port, resilience or Resilience())]}
    if port.protocol != "TCP":
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(port)
        }
    return cluster


def name(port: Port) -> str:
    """The cluster's name, a label of its metrics."""
    return f"app-{port.name}"


def admin() -> dict[str, Any]:
    """Envoy's administration interface."""
    return _cluster(ADMIN, numbers.ADMIN)


def address(host: str, port: int) -> dict[str, Any]:
    """A socket address."""
    return {"socket_address": {"address": host, "port_value": port}}


def _cluster(cluster: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address("127.0.0.1", port)}}
    return {
        "name": cluster,
        "type": "STATIC",
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": 65536,
        "load_assignment": {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _thresholds(port: Port, limits: Resilience) -> dict[str, int]:
    """HTTP/1 has a request a connection; HTTP/2 has many, so that requests are counted there and none waits.

    Envoy counts a request as pending also while it opens a connection for it: all that may be opened, at once.
    """
    many = port.protocol in ("HTTP2", "GRPC")
    most, waiting = limits.max_connections or _UNLIMITED, limits.max_pending
    return {
        "max_connections": _UNLIMITED if many else most,
        "max_pending_requests": _UNLIMITED if waiting is None or many else most + waiting,
        "max_requests": most if many else _UNLIMITED,
        "max_retries": _UNLIMITED,
    }


def _protocol(port: Port) -> dict[str, Any]:
    http2 = port.protocol in ("HTTP2", "GRPC")
    return {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options" if http2 else "http_protocol_options": {}},
        "common_http_protocol_options": {"idle_timeout": _IDLE},
    }
