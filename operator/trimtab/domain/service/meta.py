"""What every child has in common: labels, the owner, and no empty fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.domain import labels
from trimtab.domain.objects import Object, ObjectRef

API_VERSION = "trimtab.dev/v1alpha1"
KIND = "Microservice"

GATEWAY_API_VERSION = "gateway.networking.k8s.io/v1"
MONITORING_API_VERSION = "monitoring.coreos.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose child an object is."""

    name: str
    namespace: str
    uid: str

    def ref(self, api_version: str, kind: str, name: str) -> ObjectRef:
        """The reference of an object in the same namespace."""
        return ObjectRef(api_version=api_version, kind=kind, namespace=self.namespace, name=name)


def identity_of(resource: Object) -> Identity:
    """The identity of a Microservice as read from the API server."""
    metadata = resource["metadata"]
    return Identity(name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"])


def child(
    owner: Identity,
    api_version: str,
    kind: str,
    name: str,
    body: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
    own_labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The manifest of a child with `body` as its fields besides metadata.

    Nothing of the Microservice's own labels and annotations is copied: GitOps tools track objects by them.
    """
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": owner.namespace,
        "labels": {**labels.of_object(owner.name), **(own_labels or {})},
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def owner_reference(owner: Identity) -> dict[str, Any]:
    """The controller reference to the Microservice, by which children are known as ours and end with it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: without None, empty texts, lists and maps, and False where it is the default.

    The API server drops these, so writing them would look like drift. Where False or an empty map says something
    (`allowPrivilegeEscalation`, `emptyDir: {}`), it must not go through here.
    """
    return {key: value for key, value in fields.items() if value not in (None, "", [], {}, (), False)}
