"""After the steps: everything moves, is watched, and the old revision retires."""

from collections.abc import Callable
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.release import candidates, orders, verdicts
from trimtab.domain.release.consent import gates_open, window_open
from trimtab.domain.release.drained import drained
from trimtab.domain.release.durations import seconds, spoken
from trimtab.domain.release.effect import answer, in_place
from trimtab.domain.release.ending import ended, names
from trimtab.domain.release.holding import undecided, waiting_for
from trimtab.domain.release.look import Look
from trimtab.domain.release.returning import aborted, overtaken
from trimtab.domain.release.stages import Stage
from trimtab.domain.release.state import Leg, Phase, State

_PATIENCE = 60.0
"""Seconds without an order in place after which the end of a release waits for nobody."""

_BLIND = (Reason.NO_DATA, Reason.PROVIDER_ERROR)
"""Reasons of verdicts that say nothing of the revision."""

_EVERYTHING = Stage(bake=0, weight=100, capacity=100)


def _judged_still(handler: Callable[[State, Look], State]) -> Callable[[State, Look], State]:
    """What holds until nothing is left to go back to: failures, newer revisions and pauses come first."""

    def checked(state: State, look: Look) -> State:
        if (cause := verdicts.fatal(state, look)) is not None:
            return aborted(state, look, cause)
        if candidates.wanted(state, look) != candidates.released(state):
            return overtaken(state, look)
        state = replace(state, spent=state.spent + look.dt)
        if state.paused:
            return state.noted("Paused", Reason.PAUSED, f"paused; trimtab release resume {look.name} goes on")
        return handler(state, look)

    return checked


@_judged_still
def promoting(state: State, look: Look) -> State:
    """All requests go to the candidate; the service's own address still leads to stable behind a router."""
    what = f"the promotion of {names(state)}"
    if not state.entered:
        state, free = window_open(state, look, "Progressing", what)
        if free and not state.unjudged:
            state, free = gates_open(state, look, "BeforePromotion", "Progressing", what)
        if not free:
            return state
        state = replace(state, entered=True, granted=())
    state, moved = orders.moved(state, look, orders.to_stage(_EVERYTHING, look))
    return replace(state, phase=Phase.MOVING) if moved else _on_the_way(state, look)


@_judged_still
def moving(state: State, look: Look) -> State:
    """The address follows."""
    state, moved = orders.moved(state, look, orders.to_all, seen=False)
    return replace(state, phase=Phase.WATCHING) if moved else _on_the_way(state, look)


def _on_the_way(state: State, look: Look) -> State:
    state = undecided(state, look, f"all traffic moves to {names(state)}: {waiting_for(state, look)}")
    if state.note is None or state.note.phase != "Progressing":
        return state
    return state.noted("Promoting", Reason.PROMOTING, state.note.message, timer=state.timer)


@_judged_still
def watching(state: State, look: Look) -> State:
    """Judged on with all traffic; nobody judges while there is no data, up to the deadline."""
    left = 0.0 if state.unjudged else seconds(look.spec.watch) - state.watched
    if left <= 0:
        return replace(state, phase=Phase.RETIRING)
    blind = verdicts.worst([each for each in verdicts.judged(state, look) if each.verdict.reason in _BLIND])
    overdue = state.spent >= seconds(look.spec.analysis.deadline)
    if blind is not None and not overdue:
        message = f"KPI {blind.kpi} of {blind.target}: {blind.verdict.message}; the watch waits"
        return replace(state, effective=False).noted("Watching", Reason.WATCHING, message)
    counts = look.dt * state.effective
    in_order = all(in_place(leg, look.services[leg.name]) for leg in state.moving if leg.name in look.services)
    state, left = replace(state, effective=in_order, watched=state.watched + counts), left - counts
    if left <= 0:
        return replace(state, phase=Phase.RETIRING)
    message = f"{names(state)} has all traffic and is watched for {spoken(left)} more"
    return state.noted("Watching", Reason.WATCHING, message, timer=left)


def retiring(state: State, look: Look) -> State:
    """The old revision's last requests end; then the candidate is stable, each target on its own.

    A newer revision waits for that, unless it does not come to an end.
    """
    wanted = candidates.wanted(state, look)
    if any(_stuck(leg) and wanted.get(leg.name) != leg.candidate for leg in state.moving):
        return overtaken(state, look)
    waiting: list[str] = []
    for leg in state.moving:
        state, done = _retired(state, look, leg)
        if not done:
            waiting.append(leg.name)
    if waiting:
        message = f"the last requests and pods of the old revision of {', '.join(waiting)} end"
        missing = waiting_for(state, look) if any(leg.pending for leg in state.moving) else ""
        return state.noted("Retiring", Reason.RETIRING, f"{message}; {missing}" if missing else message)
    reason = Reason.PROMOTED_UNJUDGED if state.unjudged else Reason.PROMOTED
    return ended(replace(state, reason=str(reason)), look, "Promoted", reason)


def _stuck(leg: Leg) -> bool:
    """Whether the old revision cannot go, for it still gets requests: pods of the new one are missing for too long."""
    return leg.order is not None and bool(leg.order.candidate) and leg.pending >= _PATIENCE


def _retired(state: State, look: Look, leg: Leg) -> tuple[State, bool]:
    service = look.services.get(leg.name)
    if service is None:
        return state, True
    if leg.order is not None and not leg.order.candidate:
        echo = answer(leg, service)
        return state, echo is not None and (echo.in_place or leg.pending >= _PATIENCE)
    if not drained(leg, service, look, leg.stable):
        return state, False
    final = orders.at_rest(replace(leg, stable=leg.candidate), service, look)
    return state.with_leg(final), False
