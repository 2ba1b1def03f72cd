"""The condition Released: whether the revision that the spec asks for is the one that serves."""

from trimtab.api.reasons import Reason
from trimtab.domain.service.decision import Decision
from trimtab.domain.status import Condition
from trimtab.domain.traffic.order import Echo


def released(decision: Decision, echo: Echo | None) -> Condition | None:
    """How far the order is, says `echo`; None where rolling updates bring every revision, and none is rejected."""
    told, target = decision.mandate, decision.target.name
    if told.refuses(target):
        why = next(each for each in told.rejected if each["revision"] == target)
        serving = f"revision {told.stable} goes on serving" if told.stable else "nothing serves in its place"
        message = f"revision {target} is rejected ({why['reason']}) and {serving}: change the spec, or retry"
        return _not(Reason.REVISION_REJECTED, f"{message}; {why.get('message', '')}".rstrip("; "))
    if not told.released:
        return None
    if echo is not None and echo.failure == Reason.NOT_SUPPORTED:
        return _not(Reason.NOT_SUPPORTED, echo.message)
    if target == told.stable and not (told.order is not None and told.order.candidate):
        return Condition(type="Released", status="True", reason=Reason.RELEASED, message=f"revision {target} serves")
    if told.order is None:
        return _not(Reason.RELEASE_IN_PROGRESS, f"revision {target} waits for what its CanaryRelease says")
    return _not(Reason.RELEASE_IN_PROGRESS, f"revision {target} is released by its CanaryRelease: see there")


def _not(reason: Reason, message: str) -> Condition:
    return Condition(type="Released", status="False", reason=reason, message=message)
