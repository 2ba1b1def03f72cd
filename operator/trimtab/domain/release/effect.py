"""Whether an order is in place, and whether its share of traffic was seen in effect (design: A weight is in effect)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from trimtab.domain import labels
from trimtab.domain.release.counting import counters
from trimtab.domain.release.counting.counters import Arm, Listener, Series
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.state import Leg, Phase
from trimtab.domain.service.blockers import is_ready, of_component
from trimtab.domain.traffic.order import Echo

UNSEEN = 30.0
"""Seconds after which an order in place counts as in effect although no request could show it."""


def answer(leg: Leg, service: Service) -> Echo | None:
    """The Microservice's answer to the leg's present order; None while it answers an older one."""
    echo = service.echo
    return echo if echo is not None and leg.order is not None and echo.sequence == leg.order.sequence else None


def in_place(leg: Leg, service: Service) -> bool:
    """Whether the order is carried out in full."""
    echo = answer(leg, service)
    return echo is not None and echo.in_place


def in_effect(leg: Leg, service: Service) -> bool:
    """Whether the order is in place and, if it gives traffic to the candidate, requests have shown it."""
    echo = answer(leg, service)
    if echo is None or not echo.in_place or leg.order is None:
        return False
    return not _traffic(leg) or (leg.confirmed == leg.order.sequence and leg.wanted == echo.wanted)


def turned_back(leg: Leg, service: Service) -> bool:
    """Whether an order that gives the candidate no traffic has taken it away; its pods need not be ready for that."""
    echo = answer(leg, service)
    return echo is not None and not echo.weight


def moved_over(leg: Leg, service: Service) -> bool:
    """Whether all requests go to the candidate, so that stable may retire; not all pods need be ready for that."""
    echo = answer(leg, service)
    return echo is not None and (echo.in_place or echo.weight >= 100)


_FREED: Mapping[Phase, Callable[[Leg, Service], bool]] = {Phase.RETURNING: turned_back, Phase.RETIRING: moved_over}
"""When requests begin to end at the revision whose pods are to go; in other phases an order has to be in place."""


def observed(leg: Leg, service: Service, look: Look, phase: Phase) -> Leg:
    """The leg with what this look adds to what is known of its order."""
    echo = answer(leg, service)
    leg = _judged_since(leg, service, look, echo)
    if leg.order is None or echo is None:
        return replace(leg, pending=leg.pending + look.dt, unready=0.0)
    missing = echo.candidate_ready < echo.candidate_wanted and not service.preparing(leg.candidate)
    leg = replace(leg, unready=leg.unready + look.dt if missing else 0.0)
    if not _FREED.get(phase, in_place)(leg, service):
        return replace(leg, pending=leg.pending + look.dt, mark=None, waited=0.0)
    if leg.mark is None:
        both = (*_series(leg, look, leg.candidate), *_series(leg, look, leg.stable))
        return replace(leg, mark=counters.newest(both) or 0.0, waited=0.0, pending=0.0)
    leg = replace(leg, waited=leg.waited + look.dt, pending=0.0)
    if not _traffic(leg) or in_effect(leg, service):
        return leg
    return _confirmed(leg, service, look, echo)


def _judged_since(leg: Leg, service: Service, look: Look, echo: Echo | None) -> Leg:
    """With the beginning of what is judged: as soon as the candidate has any traffic, and anew when its share changes.

    Pods that are not ready are no reason to look away from those that serve.
    """
    if echo is None or not (echo.weight > 0 or (_traffic(leg) and in_place(leg, service))):
        return replace(leg, since=None, share=0.0)
    if leg.since is not None and leg.share == echo.weight:
        return leg
    return replace(leg, since=look.store_time, share=echo.weight)


def _confirmed(leg: Leg, service: Service, look: Look, echo: Echo) -> Leg:
    """A request on the candidate shows it; 30 s must do where there is none to see, or nobody to see it."""
    sequence = leg.order.sequence if leg.order else 0
    candidate, stable = _series(leg, look, leg.candidate), _series(leg, look, leg.stable)
    if counters.seen_since(candidate, leg.mark or 0.0):
        return replace(leg, confirmed=sequence, wanted=echo.wanted, guessed=False)
    optional = leg.order is not None and leg.order.weight == 0  # copies and matches may have no request to show
    both = ((candidate, leg.candidate), (stable, leg.stable))
    uncounted = not (candidate or stable)
    quiet = uncounted or all(_quiet(series, service, revision, leg.mark or 0.0) for series, revision in both)
    if leg.waited >= UNSEEN and (optional or quiet):
        return replace(leg, confirmed=sequence, wanted=echo.wanted, guessed=True)
    return leg


def _quiet(series: tuple[Series, ...], service: Service, revision: str, since: float) -> bool:
    """Whether the revision's pods certainly had no request in two scrapes; a revision without ready pods has none."""
    pods = ready_pods(service, revision)
    return not pods or counters.stood_still(series, since, pods) is True


def ready_pods(service: Service, revision: str) -> list[str]:
    """Names of the revision's ready pods."""
    pods = of_component(service.pods, labels.SERVICE, revision)
    return [pod["metadata"]["name"] for pod in pods if is_ready(pod)]


def _traffic(leg: Leg) -> bool:
    """Whether the order gives the candidate any."""
    order = leg.order
    return order is not None and bool(order.candidate) and (order.weight > 0 or order.matched or order.mirror > 0)


def _series(leg: Leg, look: Look, revision: str) -> tuple[Series, ...]:
    """What that listener counted by which the provider is judged (design: Providers)."""
    routed = leg.order is not None and leg.order.provider != "Replicas"
    return counted(look, leg.name, revision, "routed" if routed else "direct")


def counted(look: Look, service: str, revision: str, listener: Listener) -> tuple[Series, ...]:
    """The counters of one arm; empty if nobody could read them."""
    reading = look.observation.reading
    if reading is None or not look.observation.source:
        return ()
    return tuple(reading.series.get(Arm(look.namespace, service, revision, listener), ()))
