"""What the next move of a release needs besides the KPIs: that nobody paused it, an open window, and gates."""

from dataclasses import replace
from datetime import timedelta

from trimtab.api.reasons import Reason
from trimtab.api.schedule import Gate
from trimtab.domain.release import windows
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.gates import Question
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import State
from trimtab.domain.release.validity import problem
from trimtab.domain.status import timestamp

_LONGEST_SLEEP = 3600.0
"""Seconds after which a closed window is looked at again: clocks may be set."""


def window_open(state: State, look: Look, phase: str, before: str) -> tuple[State, bool]:
    """Whether a window lets the release go on; `before` says what it would do, `phase` where it stays meanwhile."""
    if problem(look.spec):  # said elsewhere; what is not understood is never open
        return state.noted(phase, Reason.INVALID_SPEC, problem(look.spec), timer=_LONGEST_SLEEP), False
    if windows.is_open(look.spec.windows, look.now):
        return state, True
    opening = windows.next_opening(look.spec.windows, look.now)
    when = f"at {timestamp(opening)}" if opening else "within a week"
    wait = (opening - look.now) if opening else timedelta(seconds=_LONGEST_SLEEP)
    message = f"{before} waits for a window of spec.windows; the next one opens {when}"
    timer, window = min(wait.total_seconds(), _LONGEST_SLEEP), ("Window", "spec.windows")
    return state.noted(phase, Reason.OUTSIDE_WINDOW, message, timer=timer, on=window), False


def gates_open(state: State, look: Look, phase: str, shown: str, before: str) -> tuple[State, bool]:
    """Whether all gates of that phase have consented; asks the first that has not, and a closed one again and again."""
    for gate in look.spec.gates:
        if gate.webhook.phase == phase and gate.name not in state.granted:
            state, consents = _ask(state, look, gate, shown, before)
            if not consents:
                return state, False
    return state, True


def _ask(state: State, look: Look, gate: Gate, shown: str, before: str) -> tuple[State, bool]:
    question = _question(state, look, gate)
    answer = look.observation.answers.get(question.id)
    if answer is not None and answer.open:
        return replace(state, granted=(*state.granted, gate.name), asks=state.asks + 1, closed=""), True
    if answer is not None:
        state = replace(state, asks=state.asks + 1, asked_at=round(look.epoch, 3), closed=answer.message)
    closed = f": {state.closed}" if state.closed else ""
    message = f"{before} waits for gate {gate.name}{closed}"
    pause = state.asked_at + look.interval - look.epoch if state.closed else 0.0
    state = state.noted(shown, Reason.GATE_CLOSED, message, on=("Gate", gate.name))
    if 0.0 < pause <= look.interval:
        return replace(state, timer=pause), False
    return replace(state, questions=(_question(state, look, gate),)), False


def _question(state: State, look: Look, gate: Gate) -> Question:
    webhook = gate.webhook
    return Question(
        id=f"{state.release}/{webhook.phase}/{state.stage}/{gate.name}/{state.asks}",
        url=webhook.url,
        timeout=seconds(webhook.timeout),
        body={
            "release": look.name,
            "namespace": look.namespace,
            "releaseID": state.release,
            "gate": gate.name,
            "phase": webhook.phase,
            "step": state.stage + 1,
            "steps": len(look.stages),
            "targets": [dict(each) for each in state.released],
        },
    )
