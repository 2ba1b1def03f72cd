"""What a decision wants done, as data.

A Plan is computed without any call, so that `trimtab plan`, tests and the operator share one piece of code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Server-side apply of `manifest`, with `trimtab` as field manager and force.

    `uid` is the UID of the object as we know it: the write fails if another object has taken the name meanwhile.
    None means that we know of no such object: the write creates it. If one exists after all, the executor looks at it
    and refuses to touch one that is not controlled by the manifest's own controller (`NameConflict`).

    `blocking` says whether what comes in later waves needs this object: a PodDisruptionBudget that a webhook denies
    must not keep the pods from starting.
    """

    manifest: Object
    uid: str | None = None
    blocking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Deletes `ref` if its UID is `uid`; with uid None only after a look that `owner_uid` controls it."""

    ref: ObjectRef
    owner_uid: str
    uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Writes `replicas` through the scale subresource, with `trimtab-scale` as field manager."""

    ref: ObjectRef
    replicas: int


Effect = Apply | Delete | Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Effects that may run side by side. If a blocking one fails, the waves after it are not begun.

    Only an Apply with `blocking=False` does not block; its failure is reported all the same.
    """

    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An effect that the API server refused. `message` is safe to show to the user."""

    ref: ObjectRef
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A Kubernetes Event about the reconciled object. `type` is Normal or Warning, `reason` a Reason value."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The decision of one reconcile.

    `intent` is the whole status to be written, under the observed resourceVersion, *before* any effect (None: no
    decision to record); `events` are about the intent, told as soon as it is written: a report that is refused later
    loses none of them. `waves` are the effects in order, empty when the world is as declared. `decision` is what the
    domain's own `report` needs to know of how the plan came about; it means nothing to whoever executes the plan.
    """

    intent: Mapping[str, Any] | None
    waves: tuple[Wave, ...]
    events: tuple[Event, ...] = ()
    decision: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What to tell the world after the effects: the whole status (written only if it differs), Events, the outcome."""

    status: Mapping[str, Any]
    events: tuple[Event, ...]
    outcome: Outcome
