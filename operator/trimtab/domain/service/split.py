"""Which share of the requests each arm may get now.

On the way up pods come before weight, on the way down weight goes before pods.
"""

from dataclasses import replace

from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arms import Arm, Fleet
from trimtab.domain.service.pace import Split, paced
from trimtab.domain.traffic.capacity import carried, pods_for
from trimtab.domain.traffic.provider import Live


def ordered(aim: Aim, fleet: Fleet) -> Split:
    """What the order asks for in the end."""
    stable, candidate, order = aim.stable(fleet), aim.candidate(fleet), aim.order
    if not aim.routed:
        return Split(stable=fleet.service)
    if candidate is None:
        return Split(stable=stable.name)
    return Split(
        stable=stable.name,
        candidate=candidate.name,
        weight=order.weight,
        matched=order.matched,
        mirror=order.mirror,
    )


def split(aim: Aim, fleet: Fleet, live: Live | None, services: frozenset[str]) -> Split | None:
    """What may be written now; None: the route stays as it is until those who would get requests are ready.

    `services` are names of all Services that exist: a router refuses a route that names another.
    """
    wanted = _allowed(aim, fleet, live)
    if wanted is None:
        return None
    return paced(wanted if wanted.candidate in services else Split(stable=wanted.stable), live)


def _allowed(aim: Aim, fleet: Fleet, live: Live | None) -> Split | None:
    """The nearest to the order that pods can carry now; None: those who would get requests are not ready."""
    if _taken_over(aim, fleet):
        return Split(stable=fleet.service)
    end, candidate = ordered(aim, fleet), aim.candidate(fleet)
    weight = _weight(aim, fleet, candidate, live) if candidate is not None and end.candidate else 0
    if not (_stable_is_ready(aim, fleet, live, end) or _gets_no_more(end.stable, 100 - weight, live)):
        return None
    asked = candidate is not None and _may_be_asked(aim, candidate, live)
    return replace(end, weight=weight, matched=end.matched and asked, mirror=end.mirror if asked else 0)


def _gets_no_more(stable: str, share: int, live: Live | None) -> bool:
    """Whether stable has at least that share already: then the candidate may take from it, though it serves nobody."""
    return share <= (live.weights.get(stable, 0) if live is not None else 0)


def _taken_over(aim: Aim, fleet: Fleet) -> bool:
    """Whether the one Deployment of rolling updates is ready to serve again."""
    pods = fleet.rolling.addressed if fleet.rolling.revision == aim.leaving else frozenset()
    return bool(aim.leaving) and len(pods) >= max(1, aim.wanted)


def _stable_is_ready(aim: Aim, fleet: Fleet, live: Live | None, end: Split) -> bool:
    """One ready pod will do for the way back from a candidate; to take over from anybody else, all are needed."""
    stable = aim.stable(fleet)
    pods = stable.reachable if end.stable == stable.name else stable.addressed
    leading = {service for service, share in live.weights.items() if share > 0} if live is not None else set()
    return len(pods) >= (max(1, aim.wanted) if leading - {end.stable, end.candidate} else 1)


def _weight(aim: Aim, fleet: Fleet, candidate: Arm, live: Live | None) -> int:
    """The ordered weight if its pods are ready, else the live one, and never more than those that are ready carry."""
    now = live.weights.get(candidate.name, 0) if live is not None else 0
    ready, stable = len(candidate.reachable), len(aim.stable(fleet).reachable)
    weight = aim.order.weight
    if weight > now and ready < pods_for(weight, aim.wanted):
        weight = now
    if not stable:
        return weight if ready else 0
    return min(weight, carried(ready, max(1, min(aim.wanted, stable))))


def _may_be_asked(aim: Aim, candidate: Arm, live: Live | None) -> bool:
    """Whether matches and copies may lead to the candidate: its pods first, and then as long as it has any."""
    leads = live is not None and candidate.name in (live.matched | live.mirrored)
    return len(candidate.reachable) >= (1 if leads else max(1, pods_for(aim.order.capacity, aim.wanted)))
