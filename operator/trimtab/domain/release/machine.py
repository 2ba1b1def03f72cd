"""The state machine of releases: `turn` is the only way from one state to the next.

Idle -> Settling -> Queued -> Stepping -> Promoting -> Moving -> Watching -> Retiring -> Idle (Promoted)
                                 |___________|___________|__________|
                                             v
                                         Returning -> Idle (Aborted, Superseded, Reverted)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from trimtab.domain.release import idle, notices, promoting, returning, stepping, verbs
from trimtab.domain.release.effect import observed
from trimtab.domain.release.look import Look, Service, looking
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.pods_kpi import counted
from trimtab.domain.release.state import Leg, Phase, State, of_status, timeless
from trimtab.domain.release.validity import problem

_MOVES = 32
"""More phases and orders than one look can lead through."""

_ENOUGH = 0.9
"""Share of an interval after which passed time is worth a write: ticks come a little early or late."""

_HANDLERS: Mapping[Phase, Callable[[State, Look], State]] = {
    Phase.IDLE: idle.idle,
    Phase.SETTLING: idle.settling,
    Phase.QUEUED: idle.queued,
    Phase.STEPPING: stepping.stepping,
    Phase.PROMOTING: promoting.promoting,
    Phase.MOVING: promoting.moving,
    Phase.WATCHING: promoting.watching,
    Phase.RETIRING: promoting.retiring,
    Phase.RETURNING: returning.returning,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where one look leads. `after`: seconds until the next look; None while only a change can lead further."""

    state: State
    look: Look
    after: float | None


def turn(observation: Observation, now: datetime) -> Turn:
    """One turn. The state is that of the observed resource's status; nothing else is remembered."""
    before = of_status(observation.resource.get("status") or {})
    look = looking(observation, before, now)
    after = _advanced(before, look)
    elapsed = abs(look.epoch - before.at)
    if before.at and elapsed < _ENOUGH * look.interval and timeless(after) == timeless(before):
        after = _advanced(before, look.still())  # a look between two ticks: its time counts at the next one
    else:
        after = replace(after, at=0.0 if _at_rest(after, look) else round(look.epoch, 3))
    return Turn(state=notices.posted(after, look), look=look, after=_after(after, look))


def _advanced(before: State, look: Look) -> State:
    """The state after this look: what was seen, then what somebody said, then as many moves as follow at once."""
    state = notices.delivered(_joined(before, look), look)
    state = replace(state, legs=tuple(_seen(leg, look.services[leg.name], look) for leg in state.legs))
    state = verbs.heard(state, look)
    if _frozen(state, look):
        return state
    for _ in range(_MOVES):
        following = _HANDLERS[state.phase](state, look)
        if following == state:
            return following
        state, look = following, look.still()
    return state


def _frozen(state: State, look: Look) -> bool:
    """Whether nothing moves: by the user's wish, except the way back that is under way, or for a spec in error."""
    return bool(problem(look.spec)) or (look.spec.suspend and state.phase not in (Phase.IDLE, Phase.RETURNING))


def _at_rest(state: State, look: Look) -> bool:
    return state.phase is Phase.IDLE or _frozen(state, look)


def _joined(state: State, look: Look) -> State:
    """The state with a leg for each Microservice that is ours now; a new leg knows what was rejected before it."""
    known = {leg.name: leg for leg in state.legs}
    legs = tuple(
        known.get(name) or Leg(name=name, rejected=service.rejection()) for name, service in look.services.items()
    )
    return replace(state, legs=legs)


def _seen(leg: Leg, service: Service, look: Look) -> Leg:
    leg = observed(leg, service, look)
    if leg.rejected is not None and service.revision and leg.rejected.revision != service.revision:
        leg = replace(leg, rejected=None)
    return counted(leg, service) if leg.candidate else leg


def _after(state: State, look: Look) -> float | None:
    """Until the next tick, which all releases of the same interval share, or until something is due before it."""
    if _at_rest(state, look):
        return None
    waits_for_time_only = state.phase is Phase.QUEUED and state.note is not None and state.note.phase == "Queued"
    if waits_for_time_only and state.timer is not None:
        return max(state.timer, 0.1)
    tick = look.interval - look.epoch % look.interval
    return max(min(tick, state.timer if state.timer is not None else tick), 0.1)
