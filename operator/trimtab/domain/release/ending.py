"""The end of a release: what is kept of it."""

from trimtab.api.reasons import Reason
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import State
from trimtab.domain.status import timestamp

_HISTORY = 10


def ended(state: State, look: Look, outcome: str, reason: Reason) -> State:
    """At rest again, with the release in the history. `outcome` is a value of status.history[].outcome."""
    record = {
        "releaseID": state.release,
        "outcome": outcome,
        "reason": state.reason,
        "message": state.message,
        "versions": [dict(each) for each in state.released],
        "startedAt": state.started,
        "endedAt": timestamp(look.now),
    }
    legs = tuple(
        leg.ended(leg.candidate if outcome == "Promoted" and leg.candidate else leg.stable) for leg in state.legs
    )
    why = f": {state.message}" if state.message else ""
    warning = outcome == "Aborted" or state.unjudged
    told = state.told(reason, f"{names(state)} {outcome.lower()}{why}", warning=warning, event=outcome)
    return State(
        release=state.release,
        legs=legs,
        verb=state.verb,
        history=({name: value for name, value in record.items() if value}, *state.history)[:_HISTORY],
        notices=state.notices,
        news=told.news,
    )


def names(state: State) -> str:
    """What is released: the version, or all of them."""
    if len(state.released) == 1:
        return state.released[0].get("version", "")
    return ", ".join(f"{each['name']} {each.get('version', '')}" for each in state.released)
