"""How GitOps tools read an object: the rules of kstatus for custom resources, in its own order.

Source: `pkg/kstatus/status/generic.go` of sigs.k8s.io/cli-utils, which Flux uses and Argo CD's checks follow.
"""

from collections.abc import Mapping
from typing import Any, Literal

Kstatus = Literal["Terminating", "InProgress", "Failed", "Current"]


def kstatus(obj: Mapping[str, Any]) -> Kstatus:
    """What Flux would say about the object as it is."""
    metadata, status = obj["metadata"], obj.get("status", {})
    if "deletionTimestamp" in metadata:
        return "Terminating"
    if "observedGeneration" in status and status["observedGeneration"] != metadata["generation"]:
        return "InProgress"
    conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    # No Ready condition at all counts as done: the reason why observedGeneration must default to -1.
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"
