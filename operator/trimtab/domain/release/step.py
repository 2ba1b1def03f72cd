"""The state machine of releases: `step` is the only way from one state to the next.

Idle -> Settling -> Queued -> Stepping -> Promoting -> Moving -> Watching -> Retiring -> Idle (Promoted)
                                 |___________|___________|__________|___________|
                                             v
                                         Returning -> Idle (Aborted, Superseded, Reverted)
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from trimtab.domain.objects import uid_of
from trimtab.domain.release import candidates, concurrency, idle, notices, promoting, returning, stepping, verbs
from trimtab.domain.release.counting.counters import Arm, Listener
from trimtab.domain.release.counting.meters import Meter
from trimtab.domain.release.effect import observed
from trimtab.domain.release.gates import Question
from trimtab.domain.release.judging import measures
from trimtab.domain.release.judging.judge import counted_until
from trimtab.domain.release.judging.rows import JUDGED
from trimtab.domain.release.look import Look, Service, looking
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.pods_kpi import counted
from trimtab.domain.release.state import Leg, Phase, State, of_status, timeless

_MOVES = 32
"""More phases and orders than one look can lead through."""

_ENOUGH = 0.9
"""Share of an interval after which passed time is worth a write: ticks come a little early or late."""

_SOON = 0.1
"""Seconds until the next look at least: whatever is due, others come first."""

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
class Step:
    """What one look at a release leads to.

    `state` is to be written, with its orders, before anything follows from it. `questions` are to be put to gates,
    `arms` are those whose requests are to be counted, `meters` what else is to be read, `since` the store's time up to
    which that is done; None if nothing is judged. `after`: seconds until the next look; None while only a change
    can lead further.
    """

    state: State
    look: Look
    questions: tuple[Question, ...]
    arms: tuple[Arm, ...]
    meters: tuple[Meter, ...]
    since: float | None
    after: float | None


def step(observation: Observation, now: datetime) -> Step:
    """One step. The state is that of the observed resource's status; nothing else is remembered."""
    before = of_status(observation.resource.get("status") or {})
    look = looking(observation, before, now)
    after = _advanced(before, look)
    elapsed = look.epoch - before.at
    if before.at and abs(elapsed) < _ENOUGH * look.interval and timeless(after) == timeless(before):
        after = _advanced(before, look.still())  # a look between two ticks: its time counts at the next one
    else:
        after, elapsed = replace(after, at=0.0 if _at_rest(after, look) else round(look.epoch, 3)), 0.0
    return Step(
        state=notices.posted(after, look),
        look=look,
        questions=after.questions,
        arms=tuple(_arms(after, look)),
        meters=tuple(_meters(after, look)),
        since=counted_until(observation, after, look),
        after=_after(after, look, max(elapsed, 0.0)),
    )


def _advanced(before: State, look: Look) -> State:
    """The state after this look: what was seen, then what somebody said, then as many moves as follow at once."""
    state = notices.delivered(_joined(before, look), look)
    legs = (_seen(leg, look.services[leg.name], look, state) for leg in state.legs)
    state = replace(state, legs=tuple(legs))
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
    """Whether nothing moves by the user's wish; a way back that is under way comes to its end."""
    return look.spec.suspend and state.phase not in (Phase.IDLE, Phase.RETURNING)


def _at_rest(state: State, look: Look) -> bool:
    """Whether no time has to be counted."""
    waits = state.phase is Phase.QUEUED and (not state.ticket or concurrency.published(state, look))
    return state.phase is Phase.IDLE or waits or _frozen(state, look)


def _joined(state: State, look: Look) -> State:
    """The state with a leg for each Microservice that is ours now; a new leg knows what was rejected before it."""
    known = {(leg.name, leg.uid): leg for leg in state.legs}
    new = (
        Leg(name=name, uid=uid_of(service.resource), rejected=service.rejection())
        for name, service in look.services.items()
    )
    legs = tuple(known.get((leg.name, leg.uid), leg) for leg in new)
    rejected = {leg.name: leg.rejected.revision for leg in legs if leg.rejected is not None}
    release = state.release or (candidates.release_id(rejected, ()) if rejected else "")
    return replace(state, legs=legs, release=release)  # with an id that verbs can name, even of an earlier policy's


def _seen(leg: Leg, service: Service, look: Look, state: State) -> Leg:
    if leg.rejected is not None and service.revision and leg.rejected.revision != service.revision:
        leg = replace(leg, rejected=None)
    if not leg.candidate or not state.begun:
        return leg
    return counted(observed(leg, service, look, state.phase), service)


def _arms(state: State, look: Look) -> Iterator[Arm]:
    """Both revisions of what is being released, at both listeners."""
    listeners: tuple[Listener, ...] = ("direct", "routed")
    for leg in state.moving:
        if leg.order is not None and state.begun:
            for revision in (leg.order.stable, leg.candidate):
                yield from (Arm(look.namespace, leg.name, revision, listener) for listener in listeners)


def _meters(state: State, look: Look) -> Iterator[Meter]:
    """What the KPIs of a release are judged by, while that can still change it."""
    if state.phase in JUDGED and not _frozen(state, look):
        for leg in state.moving:
            yield from measures.meters(leg, look)


def _after(state: State, look: Look, elapsed: float) -> float | None:
    """Until the next tick, which all releases of the same interval share, or until something is due before it.

    Timers are counted from when the state was kept last, `elapsed` seconds ago.
    """
    if state.phase is Phase.IDLE or _frozen(state, look):
        return None
    due = None if state.timer is None else state.timer - elapsed
    if state.phase is Phase.QUEUED and due is not None:
        return max(due, _SOON)
    tick = look.interval - look.epoch % look.interval
    return max(tick if due is None else min(tick, due), _SOON)
