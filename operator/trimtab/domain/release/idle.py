"""Before a release: at rest, settling, and waiting for its turn."""

from collections.abc import Mapping
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.release import candidates, concurrency, orders, pods_kpi
from trimtab.domain.release.consent import gates_open, window_open
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.effect import in_place
from trimtab.domain.release.ending import names
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.state import Leg, Phase, State
from trimtab.domain.status import timestamp

SETTLE = 5.0
"""Seconds without another change after which a release of several targets starts (design: Several targets)."""


def idle(state: State, look: Look) -> State:
    """Everything is stable's; a revision that asks for a release begins one."""
    for leg in state.legs:
        state = state.with_leg(_resting(leg, look.services[leg.name], look))
    wanted = candidates.wanted(state, look)
    if not wanted or look.spec.suspend:
        return state
    return _settling(state, look, wanted)


def _resting(leg: Leg, service: Service, look: Look) -> Leg:
    """Until stable has served once it follows the Microservice: the first revision needs no release."""
    if not leg.settled and service.noticed:
        first = leg.first or not service.stable  # from then on stable is what we ordered, served or not
        leg = replace(leg, first=first, stable=service.revision if first else service.stable)
    if leg.stable:
        leg = orders.at_rest(leg, service, look)
    return replace(leg, settled=leg.settled or in_place(leg, service))


def _settling(state: State, look: Look, wanted: Mapping[str, str]) -> State:
    """A new release of these revisions, with its place in the queue."""
    services = look.services
    return replace(
        state,
        phase=Phase.SETTLING,
        release=candidates.release_id(wanted, (state.release, *(each.get("releaseID", "") for each in state.history))),
        released=tuple(
            {"name": name, "revision": revision, "version": services[name].version(revision)}
            for name, revision in wanted.items()
        ),
        legs=tuple(replace(leg, candidate=wanted.get(leg.name, "")) for leg in state.legs),
        started=timestamp(look.now),
        ticket=timestamp(look.now),
        settling=0.0,
        queued=0.0,
    )


def _changed(state: State, look: Look) -> State | None:
    """The state if the targets ask for other revisions by now; None if they do not."""
    wanted = candidates.wanted(state, look)
    if wanted == candidates.released(state):
        return None
    rest = State(
        release=state.release,
        legs=tuple(leg.ended(leg.stable) for leg in state.legs),
        verb=state.verb,
        history=state.history,
        notices=state.notices,
        news=state.news,
    )
    return _settling(rest, look, wanted) if wanted else rest


def settling(state: State, look: Look) -> State:
    """Waits until the targets stand still; a single one does not wait for others."""
    if (changed := _changed(state, look)) is not None:
        return changed
    state = replace(state, settling=state.settling + look.dt, queued=state.queued + look.dt)
    left = SETTLE - state.settling
    if len(look.spec.targets) == 1 or left <= 0:
        return replace(state, phase=Phase.QUEUED)
    message = f"{names(state)} starts when no target has changed for {spoken(SETTLE)}"
    return state.noted("Settling", Reason.SETTLING, message, timer=left)


def queued(state: State, look: Look) -> State:
    """Waits for a window, for the gates of the release and for its turn in the group."""
    if (changed := _changed(state, look)) is not None:
        return changed
    what = f"the release of {names(state)}"
    if state.paused:
        return _aside(state.noted("Paused", Reason.PAUSED, f"{what} is paused: trimtab release resume {look.name}"))
    state, free = window_open(state, look, "Queued", what)
    if free:
        state, free = gates_open(state, look, "BeforeRelease", "Queued", what)
    if not free:
        return _aside(state)
    if not state.ticket:
        state = replace(state, ticket=timestamp(look.now), queued=0.0)
    elif not concurrency.published(state, look):
        state = replace(state, queued=state.queued + look.dt)
    first = concurrency.ahead(state, look)
    if first is None:
        return _started(state, look)
    left = concurrency.PUBLICATION - state.queued
    timer, message = left if left > 0 else look.interval, _queue(what, first, look)
    return state.noted("Queued", Reason.QUEUED, message, timer=timer, on=("ConcurrencyGroup", _group(look)))


def _aside(state: State) -> State:
    """Who cannot start keeps nobody waiting."""
    return replace(state, ticket="", queued=0.0)


def _group(look: Look) -> str:
    return look.spec.concurrency.group if look.spec.concurrency else ""


def _queue(what: str, first: list[str], look: Look) -> str:
    group = _group(look)
    others = [name for name in first if name != look.name]
    return f"{what} waits in group {group}" + (f" for {', '.join(others)}" if others else " for its turn")


def _started(state: State, look: Look) -> State:
    """The release under way, with nothing counted yet; without its steps if promote-full was said meanwhile."""
    phase = Phase.PROMOTING if state.unjudged else Phase.STEPPING
    legs = tuple(
        pods_kpi.begun(leg, look.services[leg.name]) if leg.candidate and leg.name in look.services else leg
        for leg in state.legs
    )
    state = replace(state, phase=phase, legs=legs, started=timestamp(look.now), granted=(), closed="", spent=0.0)
    return state.told(Reason.RELEASE_STARTED, f"{names(state)} begins, release {state.release}", event="Started")
