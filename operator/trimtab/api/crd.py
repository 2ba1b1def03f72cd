"""From the description of a kind to its CustomResourceDefinition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trimtab.api.meta import VALIDATIONS, ApiModel, Rule
from trimtab.api.schema import Schema, structural_schema

GROUP = "trimtab.dev"
VERSION = "v1alpha1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of `kubectl get`. Priority 1 shows it with `-o wide` only."""

    name: str
    json_path: str
    description: str
    type: Literal["string", "integer", "boolean", "date"] = "string"
    priority: int = 0

    def to_schema(self) -> dict[str, Any]:
        """The entry of additionalPrinterColumns."""
        entry: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "jsonPath": self.json_path,
            "description": self.description,
        }
        return entry | ({"priority": self.priority} if self.priority else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where the scale subresource finds its numbers: JSON paths, and the status field with the label selector."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ".status.selector"

    def to_schema(self) -> dict[str, str]:
        """The member `scale` of subresources."""
        return {
            "specReplicasPath": self.spec_replicas,
            "statusReplicasPath": self.status_replicas,
            "labelSelectorPath": self.selector,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that the CRD of a kind is made from. `rules` are CEL rules with the whole object as `self`.

    `labels` are those of the CRD itself.
    """

    kind: str
    plural: str
    description: str
    spec: type[ApiModel]
    status: type[ApiModel]
    columns: tuple[Column, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ("trimtab",)
    rules: tuple[Rule, ...] = ()
    scale: Scale | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"
    group: str = GROUP
    version: str = VERSION

    @property
    def crd_name(self) -> str:
        """metadata.name of the CRD."""
        return f"{self.plural}.{self.group}"

    @property
    def api_version(self) -> str:
        """apiVersion of the objects."""
        return f"{self.group}/{self.version}"


def custom_resource_definition(kind: Kind) -> dict[str, Any]:
    """The CRD of `kind` as a manifest."""
    subresources: dict[str, Any] = {"status": {}}
    if kind.scale is not None:
        subresources["scale"] = kind.scale.to_schema()
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [column.to_schema() for column in kind.columns],
        "subresources": subresources,
        "schema": {"openAPIV3Schema": _object_schema(kind)},
    }
    names = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name} | ({"labels": dict(kind.labels)} if kind.labels else {}),
        "spec": {"group": kind.group, "names": names, "scope": kind.scope, "versions": [version]},
    }


def _object_schema(kind: Kind) -> Schema:
    status = structural_schema(kind.status, defaults=False)
    # Until the operator has written a status, clients that follow kstatus must not take the object for settled.
    status["default"] = {"observedGeneration": -1}
    schema: Schema = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": f"Always {kind.api_version}.", "type": "string"},
            "kind": {"description": f"Always {kind.kind}.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(kind.spec, defaults=True),
            "status": status,
        },
    }
    if kind.rules:
        schema[VALIDATIONS] = [rule.to_schema() for rule in kind.rules]
    return schema
