"""The tags that say whose an external resource is. All other tags are somebody else's and never touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CLUSTER = "trimtab.dev/cluster"
NAMESPACE = "trimtab.dev/namespace"
BINDING = "trimtab.dev/binding"
UID = "trimtab.dev/uid"

KIND = "trimtab.dev/kind"
"""The kind of the resource, such as `sqs/queue`: by it a sweep knows how to look at what has no binding any more."""

KEY = "trimtab.dev/resource"
"""Which of the binding's resources it is, such as `deadLetter`: by it a lost status is found again."""

DELETION_POLICY = "trimtab.dev/deletion-policy"
"""What becomes of the resource with its binding, for people and their own tools."""

DELETING = "trimtab.dev/deleting"
"""When its deletion was begun, set right before: without it, a sweep deletes nothing."""

RETAINED = "trimtab.dev/retained"
"""When the resource was kept although its binding was deleted."""

TRANSFER_TO = "trimtab.dev/transfer-to"
"""Id of the cluster that may take the resource over; on a ServiceBinding the annotation that asks for it."""

Policy = Literal["Retain", "Delete", "Snapshot", "DeleteIfEmpty"]
"""An effective deletion policy. DeleteIfEmpty is the default of what may hold data or not, such as a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A ServiceBinding as tags name it; `cluster` is the cluster's id."""

    cluster: str
    namespace: str
    name: str
    uid: str

    def tags(self) -> dict[str, str]:
        """The tags by which a resource is known as this binding's."""
        return {CLUSTER: self.cluster, NAMESPACE: self.namespace, BINDING: self.name, UID: self.uid}


def owner_in(tags: Mapping[str, str]) -> Owner | None:
    """Whose the tags say a resource is; None if they say nothing."""
    if not any(key in tags for key in (CLUSTER, NAMESPACE, BINDING, UID)):
        return None
    return Owner(
        cluster=tags.get(CLUSTER, ""),
        namespace=tags.get(NAMESPACE, ""),
        name=tags.get(BINDING, ""),
        uid=tags.get(UID, ""),
    )
