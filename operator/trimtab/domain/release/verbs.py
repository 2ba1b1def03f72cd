"""Release verbs: `trimtab.dev/release: <verb>/<release id>/<nonce>`, each answered in status.verb and done once."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.release.look import Look
from trimtab.domain.release.returning import aborted
from trimtab.domain.release.state import Phase, State
from trimtab.domain.release.verdicts import Cause

_BEFORE = (Phase.SETTLING, Phase.QUEUED)
_UNDER_WAY = (Phase.STEPPING, Phase.PROMOTING, Phase.MOVING, Phase.WATCHING)
_FORMAT = "<verb>/<release id>/<any new value>"


class _RefusedError(Exception):
    """The verb does not fit; the message says why, and what would."""


def heard(state: State, look: Look) -> State:
    """Carries out the verb that was not answered yet."""
    annotations: Mapping[str, str] = look.observation.resource["metadata"].get("annotations") or {}
    value = annotations.get(labels.RELEASE, "")
    if not value or (state.verb is not None and state.verb.get("value") == value[:_MAX_VALUE]):
        return state
    try:
        state, message = _carried_out(state, look, value)
        reason, result = Reason.VERB_ACCEPTED, "Accepted"
    except _RefusedError as refused:
        reason, result, message = Reason.VERB_REFUSED, "Refused", str(refused)
    state = replace(state, verb={"value": value[:_MAX_VALUE], "result": result, "message": message})
    return state.told(reason, f"{value[:_MAX_VALUE]}: {message}", warning=result == "Refused")


_MAX_VALUE = 253
"""Longest value that status.verb repeats."""


def _carried_out(state: State, look: Look, value: str) -> tuple[State, str]:
    verb, _, rest = value.partition("/")
    release, _, nonce = rest.partition("/")
    if verb not in _VERBS:
        raise _RefusedError(f"unknown verb; write {_FORMAT} with one of {', '.join(_VERBS)}")
    if not release or not nonce:
        raise _RefusedError(f"write {_FORMAT}")
    if release != state.release:
        raise _RefusedError(f"it is about release {release}, but status.releaseID is {state.release or 'empty'}")
    if look.spec.suspend and verb != "abort":
        raise _RefusedError("the CanaryRelease is suspended: set spec.suspend to false first")
    return _VERBS[verb](state, look)


def _promote(state: State, look: Look) -> tuple[State, str]:
    if not state.awaiting:
        raise _RefusedError("NothingToPromote: no step waits for an approval now")
    return replace(state, approved=True, awaiting=False), "the step is approved"


def _promote_full(state: State, look: Look) -> tuple[State, str]:
    if state.phase not in (*_BEFORE, Phase.STEPPING, Phase.PROMOTING):
        raise _RefusedError("NothingToPromote: no release is on its way to all traffic")
    message = "moved by promote-full, without further judgement"
    state = replace(state, unjudged=True, paused=False, message=message)
    if state.phase in _BEFORE:
        return state, "once the release may start, all traffic moves, unjudged"
    entered = state.entered and state.phase is Phase.PROMOTING
    state = replace(state, phase=Phase.PROMOTING, entered=entered, awaiting=False, granted=())
    return state, "all traffic moves, unjudged"


def _abort(state: State, look: Look) -> tuple[State, str]:
    retiring = state.phase is Phase.RETIRING
    if retiring and not all(leg.order and leg.order.candidate for leg in state.moving):
        raise _RefusedError("the new revision is stable already: to go back, deploy the old one again")
    if not retiring and state.phase not in (*_BEFORE, *_UNDER_WAY):
        raise _RefusedError("no release is under way that could be aborted")
    cause = Cause(reason=Reason.ABORT_REQUESTED, message="somebody asked for it")
    return aborted(state, look, cause), "traffic returns to stable"


def _pause(state: State, look: Look) -> tuple[State, str]:
    if state.phase not in (*_BEFORE, *_UNDER_WAY):
        raise _RefusedError("no release is under way that could be paused")
    return replace(state, paused=True), "paused; an abort never waits"


def _resume(state: State, look: Look) -> tuple[State, str]:
    if not state.paused:
        raise _RefusedError("the release is not paused")
    return replace(state, paused=False), "goes on"


def _retry(state: State, look: Look) -> tuple[State, str]:
    rejected = [leg.name for leg in state.legs if leg.rejected is not None]
    if not rejected:
        raise _RefusedError("nothing is rejected, so there is nothing to retry")
    if state.phase is not Phase.IDLE:
        raise _RefusedError(f"a release is under way: retry {', '.join(rejected)} when it is over")
    legs = tuple(replace(leg, rejected=None) for leg in state.legs)
    return replace(state, legs=legs), f"{', '.join(rejected)} is released again"


_VERBS: Mapping[str, Callable[[State, Look], tuple[State, str]]] = {
    "promote": _promote,
    "promote-full": _promote_full,
    "abort": _abort,
    "pause": _pause,
    "resume": _resume,
    "retry": _retry,
}
