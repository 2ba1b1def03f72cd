"""What each source counts requests by: names of metrics, and labels that tell the good from the bad. Pure data.

- Proxy: trimtab.domain.service.proxy.stats.
- App: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ as Prometheus exporters name them.
- Contour, EnvoyGateway: https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats
- Istio: https://istio.io/latest/docs/reference/config/metrics/
- NGINX: https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/
"""

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimtab.domain.release.counting.meters import (
    Attempts,
    Connections,
    Errors,
    Expression,
    Level,
    Measure,
    Selector,
    Slow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Series of one metric that go into a count: `total` and `bad` are what one of it adds to each.

    `le`: the bucket, in the histogram's own unit; infinite for that which holds all. `where`: other labels, with the
    regular expressions that their whole values match.
    """

    metric: str
    le: float | None = None
    where: tuple[tuple[str, str], ...] = ()
    total: int = 0
    bad: int = 0


Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who counts requests. `identity`: by which labels series are told to be of a revision (see identities).

    `errors` gives the parts of a count of failed requests, for the bound in milliseconds beyond which a request that
    its client gave up has failed. `histogram`: of the time that requests took, in units of `unit` milliseconds.
    """

    identity: str
    errors: Callable[[int], Parts]
    histogram: str
    unit: int

    def slow(self, under_ms: int) -> Parts:
        """The parts of a count of requests that took longer; all of them from one histogram."""
        return (
            Part(metric=self.histogram, le=math.inf, total=1, bad=1),
            Part(metric=self.histogram, le=under_ms / self.unit, bad=-1),
        )


def exactly(text: str) -> str:
    """The regular expression that matches this text alone, in the dialects of Python and of RE2."""
    return re.escape(text)


_HTTP = "envoy_http_downstream_"


def _proxy(bound_ms: int) -> Parts:
    given_up = "envoy_http_canceled_time_bucket"
    return (
        Part(metric=f"{_HTTP}rq_total", total=1),
        Part(metric=f"{_HTTP}rq_xx", where=(("envoy_response_code_class", "5"),), bad=1),
        Part(metric=f"{_HTTP}rq_tx_reset", bad=1),
        Part(metric="envoy_http_bad_grpc", bad=1),
        Part(metric=given_up, le=math.inf, bad=1),
        Part(metric=given_up, le=bound_ms, bad=-1),
    )


def _app(_bound_ms: int) -> Parts:
    """The app counts what it answered; what it never answers is seen by the proxy and by routers alone."""
    metric = "http_server_request_duration_seconds_count"
    return (
        Part(metric=metric, total=1),
        Part(metric=metric, where=(("http_response_status_code", "5.."),), bad=1),
    )


def _cluster(_bound_ms: int) -> Parts:
    """5xx include what the router answered in the service's stead: no connection, no answer in time."""
    return (
        Part(metric="envoy_cluster_upstream_rq_total", total=1),
        Part(metric="envoy_cluster_upstream_rq_xx", where=(("envoy_response_code_class", "5"),), bad=1),
    )


_ISTIO_BOUNDS = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000)
"""Milliseconds: https://github.com/istio/proxy, the buckets of Envoy's histograms."""


def _istio(bound_ms: int) -> Parts:
    requests, times = "istio_requests_total", "istio_request_duration_milliseconds_bucket"
    bad_grpc = ("grpc_response_status", "2|4|12|13|14|15")
    given_up = (("response_code", "0|[1-4].."), ("response_flags", "(.*,)?DC(,.*)?"))
    return (
        Part(metric=requests, total=1),
        Part(metric=requests, where=(("response_code", "5.."),), bad=1),
        Part(metric=requests, where=(("response_code", "[1-4].."), bad_grpc), bad=1),
        Part(metric=times, le=math.inf, where=given_up, bad=1),
        Part(metric=times, le=_at_least(bound_ms, _ISTIO_BOUNDS), where=given_up, bad=-1),
    )


_NGINX_BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
"""Milliseconds: the default buckets of client_golang, which the controller takes."""


def _nginx(bound_ms: int) -> Parts:
    requests, times = "nginx_ingress_controller_requests", "nginx_ingress_controller_request_duration_seconds_bucket"
    given_up = (("status", "499"),)
    return (
        Part(metric=requests, total=1),
        Part(metric=requests, where=(("status", "5..|5xx"),), bad=1),
        Part(metric=times, le=math.inf, where=given_up, bad=1),
        Part(metric=times, le=_at_least(bound_ms, _NGINX_BOUNDS) / 1000, where=given_up, bad=-1),
    )


def _at_least(bound_ms: int, bounds: tuple[int, ...]) -> int:
    """The bound of a bucket that is not below; the highest if there is none."""
    return bounds[min(bisect_left(bounds, bound_ms), len(bounds) - 1)]


def _envoy(identity: str) -> Source:
    return Source(identity=identity, errors=_cluster, histogram="envoy_cluster_upstream_rq_time_bucket", unit=1)


SOURCES: Mapping[str, Source] = {
    "Proxy": Source(identity="Proxy", errors=_proxy, histogram=f"{_HTTP}rq_time_bucket", unit=1),
    "App": Source(identity="Pods", errors=_app, histogram="http_server_request_duration_seconds_bucket", unit=1000),
    "Contour": _envoy("Contour"),
    "EnvoyGateway": _envoy("EnvoyGateway"),
    "Istio": Source(identity="Istio", errors=_istio, histogram="istio_request_duration_milliseconds_bucket", unit=1),
    "NGINX": Source(
        identity="NGINX",
        errors=_nginx,
        histogram="nginx_ingress_controller_request_duration_seconds_bucket",
        unit=1000,
    ),
}
ARRIVALS: Parts = (Part(metric=f"{_HTTP}rq_total", total=1),)
"""Requests as they begin, by the proxy."""


def identity(measure: Measure) -> str:
    """By which labels the series of a measure are told to be of a revision."""
    match measure:
        case Errors(source=source) | Slow(source=source):
            return SOURCES[source].identity
        case Connections():
            return "Proxy"
        case Attempts() | Level() | Expression():
            return "Pods"


def parts(measure: Measure) -> Parts:
    """What a measure is made of. Of a level, the one part's `total` is its value; a query is its own selector."""
    match measure:
        case Errors(source=source, bound_ms=bound):
            return SOURCES[source].errors(bound)
        case Slow(source=source, under_ms=under):
            return SOURCES[source].slow(under)
        case Connections():
            return (Part(metric=f"{_HTTP}cx_total", total=1),)
        case Attempts(total=total, bad=bad):
            return (
                Part(metric=total.metric, where=_labels(total), total=1),
                Part(metric=bad.metric, where=_labels(bad), bad=1),
            )
        case Level(selector=selector):
            return (Part(metric=selector.metric, where=_labels(selector), total=1),)
        case Expression():
            return ()


def _labels(selector: Selector) -> tuple[tuple[str, str], ...]:
    return tuple((name, exactly(value)) for name, value in selector.labels)
