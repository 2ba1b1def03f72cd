"""What a release says about itself while it is at rest, and of its parts."""

from typing import Literal

from trimtab.api.reasons import Reason
from trimtab.domain.release.effect import answer
from trimtab.domain.release.holding import missing_of
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.state import Leg, Note, Phase, State
from trimtab.domain.release.validity import problem
from trimtab.domain.status import shortened

_TEXT = 253


def note(state: State, look: Look) -> Note:
    """What is going on: what the user has to mend first, then the word of the phase itself."""
    if wrong := problem(look.spec):
        return Note(phase="Stalled", reason=Reason.INVALID_SPEC, message=wrong)
    if look.claimed:
        said = ", ".join(f"{name} is released by {other}" for name, other in look.claimed.items())
        message = f"{said}, which is older: name each Microservice in one CanaryRelease only"
        return Note(phase="Stalled", reason=Reason.TARGET_CONFLICT, message=message)
    if look.missing and state.phase is Phase.IDLE:
        message = f"there is no Microservice {', '.join(look.missing)} in namespace {look.namespace}"
        return Note(phase="Stalled", reason=Reason.TARGET_NOT_FOUND, message=message)
    if look.spec.suspend and state.phase is not Phase.RETURNING:
        message = "suspended: nothing moves until spec.suspend is false"
        return Note(phase="Suspended", reason=Reason.SUSPENDED, message=message)
    return state.note or _at_rest(state, look)


def _missing(leg: Leg, look: Look) -> str:
    service = look.services.get(leg.name)
    return (missing_of(leg, service) if service is not None else "") or "it has not answered yet"


def _at_rest(state: State, look: Look) -> Note:
    unsettled = [leg for leg in state.legs if not leg.settled]
    if unsettled:
        said = "; ".join(f"{leg.name}: {_missing(leg, look)}" for leg in unsettled)
        message = f"waits until the revision that serves first is in place: {said}"
        return Note(phase="Progressing", reason=Reason.PROGRESSING, message=message)
    rejected = [leg for leg in state.legs if leg.rejected is not None]
    if rejected:
        said = "; ".join(_rejection(leg) for leg in rejected)
        remedy = f"change the spec, or trimtab release retry {look.name}"
        return Note(phase="Aborted", reason=Reason.ABORTED, message=f"{said}. {remedy}")
    if state.history and state.history[0]["outcome"] == "Promoted":
        return Note(phase="Promoted", reason=Reason.PROMOTED, message="the newest revision is stable")
    return Note(phase="Idle", reason=Reason.IDLE, message="stable has all traffic; no revision waits for a release")


def _rejection(leg: Leg) -> str:
    found = leg.rejected
    return f"{leg.name} {found.revision} rejected ({found.reason}): {found.message}" if found else ""


def revisions(state: State, look: Look, which: Literal["stable", "candidate"]) -> str:
    """The version of what is released, or of what serves; with names where there are several."""
    legs = state.moving or (state.legs if which == "stable" else ())
    found = [(leg.name, getattr(leg, which)) for leg in legs]
    versions = [(name, look.services[name].version(revision)) for name, revision in found if revision]
    if len(versions) == 1:
        return versions[0][1]
    return shortened(", ".join(f"{name} {version}" for name, version in versions), _TEXT)


def target(leg: Leg, service: Service, *, sticky: bool = False) -> str:
    """How far one Microservice is with its order; `sticky`: sessions stay with the revision that they began with."""
    said = _progress(leg, service)
    if sticky and leg.order is not None and 0 < leg.order.weight < 100:
        said += "; the weight divides new sessions, so the share of requests lags behind it"
    return said


def _progress(leg: Leg, service: Service) -> str:
    echo = answer(leg, service)
    missing = missing_of(leg, service)
    if missing or echo is None or leg.order is None:
        return missing
    said = f"{echo.candidate_ready} of {echo.candidate_wanted} pods are ready"
    if leg.guessed:
        said += f"; {Reason.WEIGHT_UNCONFIRMED}: no request has shown the share yet"
    if _rounded(leg, echo.weight):
        needed = -(-(100 - leg.order.weight) // leg.order.weight)
        said += f"; {Reason.WEIGHT_ROUNDED}: {leg.order.weight} % needs {needed} replicas"
    return said


def _rounded(leg: Leg, effective: float) -> bool:
    """Whether one pod is more than the step wants."""
    order = leg.order
    return order is not None and order.provider == "Replicas" and 0 < order.weight < min(effective, 100)
