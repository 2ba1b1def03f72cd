"""What the state of a Job object says."""

from trimtab.domain.objects import Object


def _condition(job: Object, type_: str) -> dict[str, str]:
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] == type_ and condition["status"] == "True":
            return dict(condition)
    return {}


def succeeded(job: Object) -> bool:
    """Whether it ended well."""
    return bool(_condition(job, "Complete"))


def failed(job: Object) -> bool:
    """Whether it ended badly: all retries used up, or the deadline passed."""
    return bool(_condition(job, "Failed"))


def why_failed(job: Object) -> str:
    """The Job controller's own words, such as "Job has reached the specified backoff limit"."""
    return _condition(job, "Failed").get("message", "")


def ended_at(job: Object) -> str:
    """When it ended, as the Job controller says (RFC 3339), or an empty text."""
    done = _condition(job, "Complete") or _condition(job, "Failed")
    return done.get("lastTransitionTime", "")


def started(job: Object, pods: tuple[Object, ...]) -> bool:
    """Whether a container of its pods has ever run; before that, ending it interrupts nothing."""
    status = job.get("status") or {}
    if status.get("ready") or status.get("failed") or status.get("succeeded"):
        return True
    own = (pod for pod in pods if (pod["metadata"].get("labels") or {}).get(JOB_NAME) == job["metadata"]["name"])
    return any((pod.get("status") or {}).get("phase", "Pending") != "Pending" for pod in own)


JOB_NAME = "batch.kubernetes.io/job-name"
"""Label that the Job controller gives to a Job's pods."""
