"""Which revisions stand behind the service's own name.

The address moves in two acts: first it selects both revisions, then, once the new one's pods are seen among its
endpoints, that one alone. It never selects nothing that is ready while something is.
"""

from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arms import Fleet

ALL = ""
"""What selects every revision."""


def goal(aim: Aim) -> str:
    """What is to be selected in the end: a revision, or all."""
    match aim.order.address:
        case "Both":
            return ALL if aim.order.candidate else aim.order.stable
        case "Candidate":
            return aim.order.candidate or aim.order.stable
        case _:
            return aim.order.stable


def selection(aim: Aim, fleet: Fleet) -> str:
    """What the address is to select now: a revision, or all."""
    wanted, now = goal(aim), fleet.selected
    if aim.takes_over(fleet):
        return _rolling(aim, fleet)
    if now is None:
        return _first(wanted or aim.order.stable, fleet)
    if wanted == now:
        return now
    if now == ALL:
        return wanted if _may_narrow(wanted, aim, fleet) else ALL
    return ALL if _may_widen(wanted or aim.order.candidate, now, aim, fleet) else now


def _rolling(aim: Aim, fleet: Fleet) -> str:
    """Back to all, as rolling updates have it, once that selects what serves already and the new pods beside it."""
    ready = len(fleet.rolling.ready) >= aim.wanted and fleet.rolling.revision == aim.leaving
    alone = fleet.revisions <= {fleet.selected, aim.leaving}
    if fleet.selected in (None, ALL) or (ready and alone):
        return ALL
    return fleet.selected or ALL


def _first(wanted: str, fleet: Fleet) -> str:
    """There is no address yet, or somebody took it away: whoever is ready now must be behind the next one."""
    others = fleet.rolling.ready.union(*(arm.ready for arm in fleet.arms.values() if arm.revision != wanted))
    return wanted if fleet.of(wanted).ready or not others else ALL


def _may_narrow(wanted: str, aim: Aim, fleet: Fleet) -> bool:
    """Whether one revision alone can take what goes to all now."""
    if fleet.revisions <= {wanted}:
        return True  # it selects nothing else now
    arm = fleet.of(wanted)
    return arm.ready <= arm.addressed and len(arm.addressed) >= _enough(wanted, aim, fleet)


def _may_widen(coming: str, now: str, aim: Aim, fleet: Fleet) -> bool:
    """Whether `coming` can be taken in beside what is selected; nothing else may have pods, or it would get in too."""
    needed = max(1, fleet.of(coming).replicas if coming == aim.order.candidate else _enough(coming, aim, fleet))
    return len(fleet.of(coming).ready) >= needed and fleet.revisions <= {now, coming}


def _enough(wanted: str, aim: Aim, fleet: Fleet) -> int:
    """Ready pods that a revision needs before it stands alone; for the way back from a candidate one must do."""
    back = wanted == aim.order.stable and not fleet.rolling.present and not aim.strangers(fleet)
    return 1 if back else max(1, aim.wanted)
