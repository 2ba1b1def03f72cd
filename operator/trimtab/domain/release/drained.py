"""Whether traffic has left a revision, so that its pods may go (design: A weight is in effect; faults.md S6)."""

from trimtab.domain.release.counting import counters
from trimtab.domain.release.effect import counted, ready_pods
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.state import Leg

_UNCOUNTED = 30.0
"""Seconds beyond the grace time after which a revision counts as left although nothing counts its requests."""

_LONGEST = 600.0
"""The same for one whose counters go on: something scrapes or probes it by its address, and would for ever."""


def drained(leg: Leg, service: Service, look: Look, revision: str) -> bool:
    """Whether requests have left `revision`, to which the order in force leads nobody since its `mark`."""
    if leg.mark is None:
        return False
    pods = ready_pods(service, revision)
    if not pods or leg.waited >= service.grace + _LONGEST:
        return True
    arms = [counted(look, leg.name, revision, listener) for listener in ("routed", "direct")]
    known = [series for series in arms if series]
    if not known:
        return leg.waited >= service.grace + _UNCOUNTED
    return all(counters.stood_still(series, leg.mark, pods) is True for series in known)
