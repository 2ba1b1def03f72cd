"""The way back: traffic to stable at once, then the candidate's last requests, then its pods."""

from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.release import candidates, orders
from trimtab.domain.release.drained import drained
from trimtab.domain.release.effect import answer, in_place, turned_back
from trimtab.domain.release.ending import ended
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Leg, Phase, State
from trimtab.domain.release.verdicts import Cause
from trimtab.domain.status import timestamp
from trimtab.domain.traffic.order import Rejection

_PATIENCE = 30.0
"""Seconds after which one target's way back does not wait for that of another any longer."""

_REASONS = {"Aborted": Reason.ABORTED, "Superseded": Reason.SUPERSEDED, "Reverted": Reason.REVERTED}


def aborted(state: State, look: Look, cause: Cause) -> State:
    """Begins the way back of a release that is not let through: every candidate is rejected."""
    at = timestamp(look.now)
    legs = tuple(
        replace(
            leg,
            rejected=Rejection(revision=leg.candidate, reason=str(cause.reason), message=cause.message, at=at),
        )
        if leg.candidate
        else leg
        for leg in state.legs
    )
    return _begun(replace(state, legs=legs), "Aborted", cause)


def overtaken(state: State, look: Look) -> State:
    """Begins the way back of a release whose targets ask for other revisions by now."""
    now, then = candidates.wanted(state, look), candidates.released(state)
    still = {leg.name for leg in state.moving}  # without those that were made anew
    gone = [name for name in then if name not in still]
    if not now and not gone:
        cause = Cause(reason=Reason.REVERTED, message="the spec went back to the stable revision")
        return _begun(state, "Reverted", cause)
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    why = f"{', '.join(gone)} went away" if gone else f"{', '.join(changed)} asks for another revision"
    return _begun(state, "Superseded", Cause(reason=Reason.SUPERSEDED, message=why))


def _begun(state: State, outcome: str, cause: Cause) -> State:
    state = replace(
        state,
        phase=Phase.RETURNING,
        outcome=outcome,
        reason=str(cause.reason),
        message=cause.message,
        paused=False,
        awaiting=False,
    )
    return state.told(Reason.ABORTING, f"{_said(state)}; traffic returns to stable", warning=outcome == "Aborted")


def _said(state: State) -> str:
    reason = "" if state.reason == state.outcome else f" ({state.reason})"
    return f"{state.outcome}{reason}: {state.message}"


def returning(state: State, look: Look) -> State:
    """Weight 0 in reverse list order, then each leg's candidate drained and cleared away."""
    told = f"{_said(state)}; "
    for leg in reversed(state.moving):
        state, going_on = _turned_back(state, look, leg)
        if not going_on:
            return state.noted("Aborting", Reason.ABORTING, f"{told}traffic of {leg.name} returns to stable")
    waiting: list[str] = []
    for leg in state.moving:
        state, gone = _cleared(state, look, leg)
        if not gone:
            waiting.append(leg.name)
    if waiting:
        return state.noted("Aborting", Reason.ABORTING, f"{told}the last requests and pods of {', '.join(waiting)} end")
    return ended(state, look, state.outcome, _REASONS[state.outcome])


def _turned_back(state: State, look: Look, leg: Leg) -> tuple[State, bool]:
    """Gives the order that takes traffic away; whether the next target may follow."""
    service = look.services.get(leg.name)
    if service is None or leg.order is None or not leg.order.candidate:
        return state, True
    ordered = orders.given(leg, service, look, state.release, orders.to_nothing(leg, service))
    if ordered.order != leg.order:
        return state.with_leg(ordered), False
    return state, turned_back(leg, service) or leg.pending >= _PATIENCE


def _cleared(state: State, look: Look, leg: Leg) -> tuple[State, bool]:
    """Takes the candidate's pods away once its requests have ended; whether that is done."""
    service = look.services.get(leg.name)
    if service is None or leg.order is None:
        return state, True
    if leg.order.candidate:
        if not (drained(leg, service, look, leg.candidate) if leg.exposed else turned_back(leg, service)):
            return state, False
        return state.with_leg(orders.at_rest(leg, service, look)), False
    echo = answer(leg, service)
    empty = echo is not None and not echo.weight and not echo.candidate_wanted and not echo.candidate_ready
    return state, in_place(leg, service) or empty
