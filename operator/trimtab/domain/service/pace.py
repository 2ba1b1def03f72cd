"""How fast a route may change: a router learns of a Service before requests go there, and forgets it only after.

A proxy may get a route before the addresses behind it. So a Service is first named without a weight; once the router
has confirmed that, it may get requests; and it is left out only once it is confirmed that it gets none.
"""

from dataclasses import dataclass, replace

from trimtab.domain.traffic.provider import Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What the route is to say. `stable` and `candidate` are names of Services, `weight` and `mirror` percent."""

    stable: str
    candidate: str = ""
    weight: int = 0
    matched: bool = False
    mirror: int = 0


def paced(wanted: Split, live: Live | None) -> Split | None:
    """The next step from the live route to the wanted one; None: wait for the router."""
    if live is None:
        return wanted if wanted.weight == 100 else replace(wanted, weight=0, matched=False, mirror=0)
    leading = [service for service, share in live.weights.items() if share > 0]
    named = {wanted.stable, wanted.candidate}
    if strangers := [service for service in leading if service not in named]:
        return _handed_over(strangers, wanted, live)
    if live.known - named and not live.confirmed:
        return None
    if wanted.stable not in live.known and leading:
        return Split(stable=wanted.stable, candidate=wanted.candidate, weight=100)
    return _raised(wanted, live) if wanted.candidate else wanted


def _handed_over(strangers: list[str], wanted: Split, live: Live) -> Split:
    """From Services that the order does not name to its stable one."""
    old, new = max(strangers, key=lambda service: live.weights[service]), wanted.stable
    if live.weights.get(new, 0) > 0:
        return Split(stable=new, candidate=old)
    ready = live.confirmed and new in live.known
    return Split(stable=old, candidate=new, weight=100 if ready else 0)


def _raised(wanted: Split, live: Live) -> Split:
    """A candidate gets more only once the router knows it; less, it may get at any time."""
    if live.confirmed and wanted.candidate in live.known:
        return wanted
    return replace(
        wanted,
        weight=min(wanted.weight, live.weights.get(wanted.candidate, 0)),
        matched=wanted.matched and wanted.candidate in live.matched,
        mirror=wanted.mirror if wanted.candidate in live.mirrored else 0,
    )
