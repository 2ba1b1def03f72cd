"""When a release can be over at the earliest."""

from collections.abc import Iterator

from trimtab.api.reasons import Reason
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.judging import opinions
from trimtab.domain.release.judging.kpistate import KpiState
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Phase, State

_REQUESTS = (Reason.TOO_LITTLE_TRAFFIC, Reason.NOT_YET_PROVEN)
"""What more requests end, so that it is known how long it takes."""


def remaining(state: State, look: Look) -> float | None:
    """Seconds of bakes, requests and watch still to come; None while something else is waited for, or none come."""
    watch = 0.0 if state.unjudged else seconds(look.spec.watch)
    if state.phase is Phase.STEPPING and state.note is not None:
        goes_on = state.note.phase == "Progressing" or (state.note.phase == "Held" and state.note.held in _REQUESTS)
        steps = _steps(state, look) if goes_on else None
        return None if steps is None else steps + watch
    if state.phase in (Phase.PROMOTING, Phase.MOVING) and not state.paused:
        return watch
    if state.phase is Phase.WATCHING and not state.paused:
        return max(watch - state.watched, 0.0)
    return None


def _steps(state: State, look: Look) -> float | None:
    """Until the last step has passed; None if somebody has to approve one, or requests are missing."""
    now, *later = look.stages[state.stage :]
    if now.approval or any(stage.approval for stage in later):
        return None
    waits = list(_waits(state, look))
    if any(wait is None for wait in waits):
        return None
    left = max([now.bake - state.bake, 0.0, *(wait for wait in waits if wait is not None)])
    if not later:
        return left
    proof = max((_proof(known, later[-1].weight / 100) for known in look.observation.kpis.values()), default=0.0)
    return left + sum(stage.bake for stage in later[:-1]) + max(later[-1].bake, proof)


def _waits(state: State, look: Look) -> Iterator[float | None]:
    """Seconds until each KPI has seen requests enough for this step; None for one that sees none."""
    held = state.note is not None and state.note.phase == "Held"
    for known in look.observation.kpis.values():
        left, speed = opinions.requests_left(known, look), opinions.rate(known)
        if left > 0 and speed > 0:
            yield left / speed
        elif left > 0 and held:
            yield None


def _proof(known: KpiState, weight: float) -> float:
    """Seconds that the last step takes until the KPI is proven; 0 if nobody knows."""
    counted = known.fresh * known.interval
    speed = weight * (known.sums.candidate + known.sums.stable) / counted if counted else 0.0
    return known.needed / speed if known.needed > 0 and speed > 0 else 0.0
