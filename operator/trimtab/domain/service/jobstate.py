"""What the state of a Job object says."""

from collections.abc import Iterable

from trimtab.domain.objects import Object

_JOB_NAME = "batch.kubernetes.io/job-name"


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
    own = pods_of(str(job["metadata"]["name"]), pods)
    return any((pod.get("status") or {}).get("phase", "Pending") != "Pending" for pod in own)


def pods_of(job: str, pods: Iterable[Object]) -> list[Object]:
    """The pods of the Job of that name, by the label that the Job controller gives them."""
    return [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(_JOB_NAME) == job]
