"""The Secret with what a workload needs to know of its backing service.

Types and entries follow servicebinding.io (https://servicebinding.io/spec/core/1.1.0/#provisioned-service).
"""

import base64
from collections.abc import Mapping
from typing import Any

from trimtab.domain import labels, names
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.wanted import wanted
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.services import SERVICES
from trimtab.domain.binding.workload import KIND
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import API_VERSION

BINDING = "trimtab.dev/binding"
"""Annotation of the Secret: the ServiceBinding that it is of, also when that is gone and the Secret was kept."""


def secret_ref(observation: Observation) -> ObjectRef:
    """The Secret of the binding, its own or the one that it names."""
    owner, backing = observation.owner, observation.spec.backing
    name = f"{owner.name}-binding" if backing.external else str(getattr(backing, "name", ""))
    return ObjectRef(api_version="v1", kind="Secret", namespace=owner.namespace, name=name)


def manifest(observation: Observation, lives: Mapping[str, Live], *, owned: bool = True) -> Object:
    """The Secret as it should be; without an owner it outlives the binding."""
    ref, owner = secret_ref(observation), observation.owner
    entries = _entries(observation, lives)
    metadata: dict[str, Any] = {
        "name": ref.name,
        "namespace": ref.namespace,
        "labels": {labels.MANAGED_BY: labels.MANAGER},
        # Of the entries' names alone: by it an entry is noticed that is no longer wanted. Values leave no trace.
        "annotations": {BINDING: owner.name, labels.APPLIED: names.digest(names.canonical(sorted(entries)))},
    }
    if owned:
        metadata["ownerReferences"] = [_owner_reference(observation)]
    data = {key: base64.b64encode(value.encode()).decode() for key, value in sorted(entries.items())}
    type_ = f"servicebinding.io/{SERVICES[observation.spec.member].type}"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": type_, "data": data}


def released(secret: Object) -> Object:
    """The same Secret without an owner."""
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {name: secret["metadata"][name] for name in kept if name in secret["metadata"]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret["type"], "data": secret["data"]}


def is_ours(secret: Object, observation: Observation) -> bool:
    """Whether a Secret of that name is this binding's, or is left of one of the same name that is gone."""
    metadata = secret["metadata"]
    owners = metadata.get("ownerReferences") or ()
    if owners:
        # Another UID is that of a binding deleted before (a restored backup, a cut finalizer): pods may still read the
        # Secret. The garbage collector lets go of what has got a new owner; that of Kubernetes 1.33, which goes by the
        # UID alone, may just be deleting it: then it is made anew with the next look.
        ours = (API_VERSION, KIND, observation.owner.name)
        return any((owner["apiVersion"], owner["kind"], owner["name"]) == ours for owner in owners)
    managed = (metadata.get("labels") or {}).get(labels.MANAGED_BY) == labels.MANAGER
    return managed and (metadata.get("annotations") or {}).get(BINDING) == observation.owner.name


def is_current(secret: Object, wanted: Object) -> bool:
    """Whether the live Secret is as it should be; entries and metadata of others do not matter."""
    live, meant = secret["metadata"], wanted["metadata"]
    return (
        all((secret.get("data") or {}).get(key) == value for key, value in wanted["data"].items())
        and all((live.get("labels") or {}).get(key) == value for key, value in meant["labels"].items())
        and all((live.get("annotations") or {}).get(key) == value for key, value in meant["annotations"].items())
        and [each["uid"] for each in live.get("ownerReferences") or ()]
        == [each["uid"] for each in meant.get("ownerReferences") or ()]
    )


def _entries(observation: Observation, lives: Mapping[str, Live]) -> dict[str, str]:
    service, grant = SERVICES[observation.spec.member], observation.permit
    if not isinstance(grant, Grant):
        return {}
    entries = {"type": service.type, "provider": "aws", "region": grant.region}
    if observation.cluster.endpoint_url:
        entries["endpoint-url"] = observation.cluster.endpoint_url
    return {**entries, **service.projection(observation.spec.backing, wanted(observation, grant).place, lives)}


def _owner_reference(observation: Observation) -> dict[str, object]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": observation.owner.name,
        "uid": observation.owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
