"""Who uses a Secret: the guard that keeps what a binding gave alive while anything may still read it."""

from typing import Any

from trimtab.domain.objects import Object
from trimtab.domain.service.jobstate import failed, succeeded
from trimtab.domain.service.references import of_pod


def secrets_in(obj: Object) -> frozenset[str]:
    """Names of the Secrets that a pod, or the pods of a Deployment, Job or CronJob, refer to."""
    pod = _pod(obj)
    return frozenset(reference.name for reference in of_pod(pod)) if pod else frozenset()


def is_live(obj: Object) -> bool:
    """Whether it is a pod that has not ended, or makes pods: a Deployment asked for any, a CronJob, an unended Job."""
    match obj["kind"]:
        case "Deployment":
            return bool(obj["spec"].get("replicas", 1))
        case "Job":
            return not (succeeded(obj) or failed(obj))
        case "Pod":
            return (obj.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        case _:
            return True


def _pod(obj: Object) -> Any:
    """The spec of its pods, None if it has none."""
    match obj["kind"]:
        case "Pod":
            found = obj.get("spec")
        case "Deployment" | "Job":
            found = _template(obj)
        case "CronJob":
            found = _template((obj.get("spec") or {}).get("jobTemplate") or {})
        case _:
            found = None
    return found if found and found.get("containers") else None


def _template(obj: Object) -> Any:
    return ((obj.get("spec") or {}).get("template") or {}).get("spec")
