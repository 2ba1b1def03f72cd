"""Which meters the KPIs of a release need."""

from collections.abc import Iterator

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.canaryrelease_rules import PROXY_BOUNDS
from trimtab.api.kpi import Gauge, Kpi, Metric
from trimtab.domain.objects import Object
from trimtab.domain.release.counting.counters import Arm, Listener
from trimtab.domain.release.counting.meters import (
    Attempts,
    Connections,
    Errors,
    Expression,
    Level,
    Measure,
    Meter,
    Selector,
    Slow,
)
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Leg

_BOUND = 1.0
"""Seconds after which a request that its client gave up counts as failed, if nothing else says what is slow."""


def measure(kpi: Kpi, spec: CanaryReleaseSpec, microservice: Object) -> Measure | None:
    """What is to be measured of a Microservice for a KPI; None for one that looks at pods."""
    if kpi.requests is not None:
        latency = kpi.requests.latency
        if latency is not None:
            return Slow(kpi.requests.source, round(seconds(latency.under) * 1000))
        return Errors(kpi.requests.source, _bound(spec, microservice))
    if kpi.counter is not None:
        return Attempts(_selector(kpi.counter.total), _selector(kpi.counter.bad))
    if kpi.gauge is not None:
        return Expression(kpi.gauge.query) if kpi.gauge.query is not None else Level(_selector(kpi.gauge))
    return None


def arms(leg: Leg, look: Look) -> tuple[Arm, Arm]:
    """Candidate and stable, at the listener by which the provider is judged (design: Providers)."""
    listener: Listener = "routed" if routed(leg) else "direct"
    return (
        Arm(look.namespace, leg.name, leg.candidate, listener),
        Arm(look.namespace, leg.name, leg.stable, listener),
    )


def routed(leg: Leg) -> bool:
    """Whether a router divides the requests one by one."""
    return leg.order is not None and leg.order.provider != "Replicas"


def shares_known(look: Look) -> bool:
    """Whether the share of requests that arrives can be compared with the weight: the proxies tell both paths apart.

    With affinity the weight divides new sessions, which nothing counts.
    """
    of_proxy = any(kpi.requests is not None and kpi.requests.source == "Proxy" for kpi in look.spec.kpis)
    return of_proxy and look.spec.traffic.affinity is None


def meters(leg: Leg, look: Look) -> Iterator[Meter]:
    """All that is to be read for one target."""
    service = look.services.get(leg.name)
    if service is None or leg.order is None:
        return
    found = [measured for kpi in look.spec.kpis if (measured := measure(kpi, look.spec, service.resource)) is not None]
    if shares_known(look) and not routed(leg):
        found.append(Connections())
    for arm in arms(leg, look):
        yield from (Meter(arm, measured) for measured in dict.fromkeys(found))


def _bound(spec: CanaryReleaseSpec, microservice: Object) -> int:
    """In milliseconds: the service's own timeout, else the shortest `under`, else a second; up to a bucket."""
    timeout = (microservice["spec"].get("resilience") or {}).get("timeout")
    unders = [seconds(kpi.requests.latency.under) for kpi in spec.kpis if kpi.requests and kpi.requests.latency]
    bound = 1000 * (seconds(timeout) if timeout else min(unders, default=_BOUND))
    return next((each for each in PROXY_BOUNDS if each >= bound), PROXY_BOUNDS[-1])


def _selector(metric: Metric | Gauge) -> Selector:
    return Selector(metric.metric or "", tuple(sorted(metric.match_labels.items())))
