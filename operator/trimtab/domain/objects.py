"""Kubernetes objects as plain data, and the few questions that everybody asks of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as decoded JSON. Never mutated once it has been handed on."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ObjectRef:
    """Names one object of the cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def ref_of(obj: Object) -> ObjectRef:
    """The reference of an object that carries apiVersion, kind and metadata."""
    metadata = obj["metadata"]
    return ObjectRef(
        api_version=obj["apiVersion"],
        kind=obj["kind"],
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
    )


def uid_of(obj: Object) -> str:
    """metadata.uid, or an empty string for an object that no API server has seen."""
    return str(obj["metadata"].get("uid", ""))


def controller_uid(obj: Object) -> str | None:
    """The UID of the controlling owner, or None. Only this decides whether a child is ours (faults.md S9)."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            return str(owner["uid"])
    return None
