"""How many pods each arm is to have now. No pod is taken away while any request may still reach it."""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.domain.service.address import ALL
from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arms import Arm, Fleet
from trimtab.domain.traffic.capacity import pods_for
from trimtab.domain.traffic.provider import Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A Deployment that is to be: its name, the revision that it runs, and its number of pods."""

    name: str
    revision: str
    replicas: int


def sizes(aim: Aim, fleet: Fleet, live: Live | None, spare: str) -> Iterator[Size]:
    """The Deployments that are to be; all others are to go. `spare`: a revision that is kept without pods."""
    if aim.takes_over(fleet):
        yield from _rolling(aim, fleet, live)
        return
    rolling, stable, candidate = fleet.rolling, aim.stable(fleet), aim.candidate(fleet)
    if rolling.exists and (aim.leaving or not _is_left(rolling, stable, aim, fleet, live)):
        yield Size(name=rolling.name, revision=rolling.revision, replicas=aim.wanted)
    yield Size(name=stable.name, revision=stable.revision, replicas=_of_stable(stable, aim))
    if candidate is not None:
        replicas = _of_candidate(candidate, aim, fleet, live)
        yield Size(name=candidate.name, revision=candidate.revision, replicas=replicas)
    for arm in fleet.arms.values():
        if arm.revision not in (aim.order.stable, aim.order.candidate):
            left = not arm.present or _is_left(arm, stable, aim, fleet, live)
            if not left or arm.revision == spare or _is_named(arm, live):
                yield Size(name=arm.name, revision=arm.revision, replicas=0 if left else arm.replicas)


def _rolling(aim: Aim, fleet: Fleet, live: Live | None) -> Iterator[Size]:
    stable = aim.stable(fleet)
    yield Size(name=fleet.rolling.name, revision=aim.leaving, replicas=aim.wanted)
    if stable.exists and (_is_named(stable, live) or not _is_left(stable, fleet.rolling, aim, fleet, live)):
        yield Size(name=stable.name, revision=stable.revision, replicas=_of_stable(stable, aim))


def _of_stable(stable: Arm, aim: Aim) -> int:
    return aim.wanted if stable.present or stable.revision in aim.startable else 0


def _of_candidate(candidate: Arm, aim: Aim, fleet: Fleet, live: Live | None) -> int:
    wanted = aim.candidate_pods
    if wanted > candidate.replicas and not _may_grow(candidate, aim, fleet):
        return candidate.replicas
    if wanted < candidate.replicas:
        return min(candidate.replicas, max(wanted, _needed(candidate, aim, fleet, live)))
    return wanted


def _may_grow(candidate: Arm, aim: Aim, fleet: Fleet) -> bool:
    """Its first pod waits until jobs are done, all others have left, and the address would not take it in unasked."""
    if aim.strangers(fleet) or fleet.rolling.exists:
        return False
    if candidate.present:
        return True
    aside = not aim.served or fleet.selected not in (None, ALL)
    return candidate.revision in aim.startable and aside


def _needed(candidate: Arm, aim: Aim, fleet: Fleet, live: Live | None) -> int:
    """Pods that requests may still reach, as far as the router and the address have confirmed."""
    if live is not None:
        if not live.confirmed or candidate.name in (live.matched | live.mirrored):
            return candidate.replicas
        if weight := live.weights.get(candidate.name, 0):
            return pods_for(weight, aim.wanted)
    addressed = aim.served and (fleet.selected in (ALL, candidate.revision) or bool(candidate.addressed))
    return candidate.replicas if addressed and aim.order.capacity == 0 else 0


def _is_left(arm: Arm, heir: Arm, aim: Aim, fleet: Fleet, live: Live | None) -> bool:
    """Whether no request reaches the arm any more, and `heir` has taken over."""
    if live is not None and (not live.confirmed or (live.leads_to(arm.name) and _is_routed(arm, aim, fleet))):
        return False
    if not aim.served:
        return len(heir.ready) >= aim.wanted
    if fleet.rolling.name in (arm.name, heir.name):
        return _is_replaced(arm, heir, aim, fleet)
    return fleet.selected not in (ALL, arm.revision) and not arm.addressed


def _is_named(arm: Arm, live: Live | None) -> bool:
    """Whether a route may name its Service, if only without weight: it would be refused without that Service."""
    return live is not None and (not live.confirmed or arm.name in live.known)


def _is_routed(arm: Arm, aim: Aim, fleet: Fleet) -> bool:
    """Whether a route to its Service is a route to its pods: the address outlives the arm of rolling updates."""
    return arm.name != fleet.service or aim.routed


def _is_replaced(arm: Arm, heir: Arm, aim: Aim, fleet: Fleet) -> bool:
    """Between rolling updates and revisions side by side the address may select both arms, so that pods must count."""
    if fleet.selected != (ALL if heir is fleet.rolling else heir.revision):
        return False
    same = arm.revision == heir.revision
    if same and not arm.ready and heir.replicas > 0:
        return True  # it has nothing that its heir would not have sooner
    return len(heir.addressed) >= aim.wanted and (same or heir is fleet.rolling or not arm.addressed)
