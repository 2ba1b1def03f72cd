"""When a release can be over at the earliest."""

from trimtab.domain.release.durations import seconds
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Phase, State


def remaining(state: State, look: Look) -> float | None:
    """Seconds of bakes and watch still to come; None while something else than time is waited for."""
    watch = 0.0 if state.unjudged else seconds(look.spec.watch)
    if state.phase is Phase.STEPPING and state.note is not None and state.note.phase == "Progressing":
        to_come = look.stages[state.stage :]
        if any(stage.approval for stage in to_come):
            return None
        return max(sum(stage.bake for stage in to_come) - state.bake, 0.0) + watch
    if state.phase in (Phase.PROMOTING, Phase.MOVING) and not state.paused:
        return watch
    if state.phase is Phase.WATCHING and not state.paused:
        return max(watch - state.watched, 0.0)
    return None
