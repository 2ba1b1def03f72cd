"""How far a service is with an order: what its CanaryRelease reads, and goes by."""

from collections.abc import Iterator

from trimtab.domain.service import address
from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arms import Arm, Fleet
from trimtab.domain.service.split import ordered
from trimtab.domain.traffic.capacity import effective_share
from trimtab.domain.traffic.order import Echo
from trimtab.domain.traffic.provider import Live


def echo(aim: Aim, fleet: Fleet, live: Live | None, failure: tuple[str, str]) -> Echo:
    """The answer to an order; `failure` is a reason and a message, both empty if nothing is in its way for good."""
    stable, candidate = aim.stable(fleet), aim.candidate(fleet)
    missing = list(_missing(aim, fleet, live))
    return Echo(
        sequence=aim.order.sequence,
        release=aim.order.release,
        in_place=not missing and not failure[0],
        weight=_share(aim, fleet, live),
        wanted=aim.wanted,
        stable_ready=len(stable.ready),
        candidate_wanted=aim.candidate_pods if candidate is not None else 0,
        candidate_ready=len(candidate.ready) if candidate is not None else 0,
        failure=failure[0],
        message=failure[1] or "; ".join(missing),
    )


def _share(aim: Aim, fleet: Fleet, live: Live | None) -> float:
    """Percent of requests, or of connections, that the candidate gets now."""
    stable, candidate = aim.stable(fleet), aim.candidate(fleet)
    if candidate is None:
        return 0.0
    if aim.routed:
        return float(live.weights.get(candidate.name, 0)) if live is not None else 0.0
    if aim.served and fleet.selected not in (address.ALL, candidate.revision):
        return 0.0
    beside = 0 if aim.served and fleet.selected == candidate.revision else len(stable.addressed)
    return round(effective_share(len(candidate.addressed), beside), 2)


def _missing(aim: Aim, fleet: Fleet, live: Live | None) -> Iterator[str]:
    """What is not yet as ordered, in words."""
    if fleet.rolling.exists and not aim.leaving:
        yield f"Deployment {fleet.rolling.name} of rolling updates has not left yet"
    yield from (f"pods of revision {arm.revision} have not left yet" for arm in aim.strangers(fleet))
    stable, candidate = aim.stable(fleet), aim.candidate(fleet)
    taken_back = candidate is not None and not aim.order.weight and _share(aim, fleet, live) > 0
    if aim.wanted and not stable.reachable and (candidate is None or taken_back):
        yield f"no pod of stable revision {stable.revision} is ready"
    if candidate is not None:
        yield from _candidate(aim, candidate)
    if aim.served:
        yield from _address(aim, fleet)
    if aim.routed:
        yield from _route(aim, fleet, live)


def _candidate(aim: Aim, candidate: Arm) -> Iterator[str]:
    wanted = aim.candidate_pods
    if not wanted and candidate.present:
        yield f"pods of revision {candidate.revision} have not left yet"
    if len(candidate.reachable) < wanted:
        yield f"{len(candidate.reachable)} of {wanted} pods of revision {candidate.revision} are ready"


def _address(aim: Aim, fleet: Fleet) -> Iterator[str]:
    goal = address.goal(aim)
    if fleet.selected != goal:
        yield f"Service {fleet.service} does not yet select {goal or 'both revisions'}"
    elif goal == address.ALL:
        yield from _shares(aim, fleet)
    elif any(arm.addressed for arm in (fleet.rolling, *fleet.arms.values()) if arm.revision != goal):
        yield f"Service {fleet.service} still has endpoints that it does not select any more"


def _shares(aim: Aim, fleet: Fleet) -> Iterator[str]:
    """With the share of pods as the share of connections, the endpoints must be exactly those that are meant.

    A stable revision without any ready pod has no share to keep.
    """
    stable, candidate = aim.stable(fleet), fleet.of(aim.order.candidate)
    meant = {stable.name: aim.wanted if stable.ready else 0, candidate.name: aim.candidate_pods}
    for arm in (stable, candidate):
        if len(arm.addressed) != meant[arm.name]:
            endpoints = f"{len(arm.addressed)} of {meant[arm.name]}"
            yield f"Service {fleet.service} has {endpoints} endpoints of revision {arm.revision}"


def _route(aim: Aim, fleet: Fleet, live: Live | None) -> Iterator[str]:
    end = ordered(aim, fleet)
    if live is None:
        yield "there is no route yet"
    elif live.refused:
        yield f"the route is refused: {live.refused}"
    elif live.weights.get(end.candidate, 0) != end.weight or not live.exact:
        yield f"the route gives {live.weights.get(end.candidate, 0)}% to the new revision, not yet as ordered"
    elif not live.confirmed:
        yield "the router has not confirmed the route yet"
