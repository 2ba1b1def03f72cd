"""Whether the autoscaler can work."""

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object
from trimtab.domain.status import Condition, shortened


def scaling_active(autoscaler: Object | None) -> Condition:
    """The condition ScalingActive, in the HorizontalPodAutoscaler's own words."""
    for condition in ((autoscaler or {}).get("status") or {}).get("conditions") or ():
        if condition["type"] == "ScalingActive":
            active = condition["status"] == "True"
            return Condition(
                type="ScalingActive",
                status="True" if active else "False",
                reason=Reason.SCALING if active else Reason.SCALING_INACTIVE,
                message=shortened(condition.get("message", ""), 400),
            )
    return Condition(
        type="ScalingActive",
        status="Unknown",
        reason=Reason.SCALING_INACTIVE,
        message="the HorizontalPodAutoscaler has not yet said whether it can work",
    )
