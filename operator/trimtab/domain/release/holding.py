"""What a release under way waits for, and what becomes of it when that takes too long."""

from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.release.durations import seconds, spoken
from trimtab.domain.release.effect import answer, in_effect
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.returning import aborted
from trimtab.domain.release.state import Leg, Note, State
from trimtab.domain.release.verdicts import Cause


def waiting_for(state: State, look: Look) -> str:
    """The first leg that is not where its order wants it, and why."""
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is not None and not in_effect(leg, service):
            return f"{leg.name}: {missing_of(leg, service)}"
    return "moves on"


def missing_of(leg: Leg, service: Service) -> str:
    """What keeps one order from being in effect; empty if nothing does."""
    if in_effect(leg, service):
        return ""
    echo = answer(leg, service)
    if echo is None:
        frozen = "is suspended: set its spec.suspend to false" if service.suspended else "has not answered yet"
        return f"the Microservice {frozen}"
    if not echo.in_place:
        return echo.message or "pods and routes are on the way"
    return "waits for a request that shows the share in effect"


def undecided(state: State, look: Look, message: str) -> State:
    """On the way; past the deadline it is over, unless people are to decide."""
    deadline = seconds(look.spec.analysis.deadline)
    if state.spent < deadline:
        return state.noted("Progressing", Reason.PROGRESSING, message, timer=deadline - state.spent)
    return held(state, look, Reason.DEADLINE_EXCEEDED, message)


def held(state: State, look: Look, reason: Reason, message: str, *, on: tuple[str, str] | None = None) -> State:
    """Stays at its share until what holds it is over; the deadline makes it the users' matter, or an abort."""
    deadline = seconds(look.spec.analysis.deadline)
    if state.spent < deadline:
        return _held(state, reason, message, deadline - state.spent, on)
    late = f"undecided after {spoken(deadline)}: {message}"
    if look.spec.analysis.on_inconclusive == "Abort":
        return aborted(state, look, Cause(reason=Reason.DEADLINE_EXCEEDED, message=late))
    people = f"{late}; trimtab release promote --full {look.name} or abort ends it"
    return _held(state, Reason.DEADLINE_EXCEEDED, people, None, on)


def _held(state: State, reason: Reason, message: str, timer: float | None, on: tuple[str, str] | None) -> State:
    note = Note(phase="Held", reason=Reason.HELD, message=message, held=reason, on=on)
    state = announced(state, Reason.HELD, f"{reason}: {message}", event="Held", id_=f"{state.stage}/{reason}")
    return replace(state, note=note, timer=timer)


def announced(state: State, reason: Reason, message: str, *, event: str, id_: str) -> State:
    """With a wait told to people, once for each `id_`: it may be theirs to end."""
    what = f"{event}/{id_}"
    if state.announced == what:
        return state
    return replace(state, announced=what).told(reason, message, warning=event == "Held", event=event, id_=id_)
