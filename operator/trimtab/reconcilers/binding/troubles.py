"""What an error of AWS means for the binding that met it: a reason, a remedy, and a pace of its own."""

from collections.abc import Callable

from trimtab.api.reasons import Reason
from trimtab.domain.binding.observation import Trouble
from trimtab.domain.binding.protocol.decision import Action, Delete
from trimtab.ports.cloud import (
    CircuitOpenError,
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudInvalidError,
    CloudLeaseLostError,
    CloudQuotaError,
    CloudThrottledError,
)
from trimtab.ports.cluster import LeaseLostError
from trimtab.reconcilers.queue import DENIED, TRANSIENT, Pace

THROTTLED = Pace(base=2.0, cap=300.0)
BUSY = Pace(base=5.0, cap=60.0)
QUOTA = 600.0
INVALID = 600.0

_LEAST = 1.0


def trouble(error: CloudError, action: Action | None, failures: int, draw: Callable[[], float]) -> Trouble:
    """`failures` in a row went before; `action` is what was tried, None for a look. Raises if the lease is lost."""

    def after(pace: Pace) -> float:
        return max(_LEAST, error.retry_after, pace.delay(failures, 0.5 + draw() / 2))

    match error:
        case CloudLeaseLostError():
            raise LeaseLostError(str(error)) from None
        case CloudThrottledError():
            return Trouble(reason=Reason.THROTTLED, message=str(error), after=after(THROTTLED))
        case CloudDeniedError():
            message = f"{error}{f' (missing: {error.action})' if error.action else ''}"
            return Trouble(reason=Reason.CLOUD_DENIED, message=message, after=after(DENIED), stalled=True)
        case CloudInvalidError():
            return Trouble(reason=Reason.CLOUD_INVALID, message=str(error), after=INVALID, stalled=True)
        case CloudQuotaError():
            return Trouble(reason=Reason.CLOUD_QUOTA_EXCEEDED, message=str(error), after=QUOTA, stalled=True)
        case CloudBusyError():
            return Trouble(reason=_busy(error, action), message=str(error), after=after(BUSY))
        case CircuitOpenError():
            return Trouble(reason=Reason.CIRCUIT_OPEN, message=str(error), after=after(TRANSIENT))
        case _:
            return Trouble(reason=Reason.CLOUD_UNAVAILABLE, message=str(error), after=after(TRANSIENT))


def _busy(error: CloudError, action: Action | None) -> Reason:
    full = isinstance(action, Delete) and (action.live.empty is False or "not empty" in str(error).lower())
    return Reason.NOT_EMPTY if full else Reason.CLOUD_BUSY
