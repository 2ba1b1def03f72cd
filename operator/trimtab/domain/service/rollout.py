"""How far a Deployment is with the revision that it is to run."""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.service import blockers, revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Counts of pods, live. `total` and `ready` are those of all revisions, `current` the ready ones of the applied.

    `moving`: pods are being started or replaced, as opposed to pods that were ready and are not now.
    """

    wanted: int
    total: int
    ready: int
    current: int
    complete: bool
    moving: bool
    deadline_exceeded: bool

    @property
    def progress(self) -> str:
        """For people: "2 of 3"."""
        return f"{self.current} of {self.wanted}"


def rollout(deployment: Object | None, pods: Sequence[Object], name: str, wanted: int) -> Rollout:
    """The progress of revision `name` towards `wanted` pods, of which the Deployment controller has the last word."""
    if deployment is None:
        return Rollout(wanted=wanted, total=0, ready=0, current=0, complete=False, moving=True, deadline_exceeded=False)
    status = deployment.get("status") or {}
    total, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
    updated = status.get("updatedReplicas", 0)
    settled = (
        revision.of_deployment(deployment) == name
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
        and deployment["spec"].get("replicas", 1) == wanted
    )
    updating = not (settled and updated == total == wanted)
    complete = not updating and ready == wanted and status.get("availableReplicas", 0) == wanted
    fresh = blockers.of_component(pods, labels.SERVICE, name)
    current = ready if complete else min(sum(map(blockers.is_ready, fresh)), updated, ready, wanted)
    return Rollout(
        wanted=wanted,
        total=total,
        ready=ready,
        current=current,
        complete=complete,
        moving=updating or not _was_available(status),
        deadline_exceeded=settled and not complete and _deadline_exceeded(status),
    )


def _condition(status: Object, type_: str) -> Object:
    return next((each for each in status.get("conditions") or () if each["type"] == type_), {})


def _deadline_exceeded(status: Object) -> bool:
    return _condition(status, "Progressing").get("reason") == "ProgressDeadlineExceeded"


def _was_available(status: Object) -> bool:
    """Whether the newest ReplicaSet was complete once, so that what is missing now has been there."""
    return _condition(status, "Progressing").get("reason") == "NewReplicaSetAvailable"
