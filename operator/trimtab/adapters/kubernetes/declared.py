"""What the served CRD declares: the API server refuses a status with any field that an older CRD does not know."""

from collections.abc import Mapping
from typing import Any

UNDECLARED = "field not declared in schema"
"""How the API server says so (structured-merge-diff, typed/validate.go)."""

_ANYTHING = "x-kubernetes-preserve-unknown-fields"


def schema(document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The schema of a kind in an OpenAPI v3 document of one group and version; empty if the kind is not there."""
    schemas: Mapping[str, Mapping[str, Any]] = document.get("components", {}).get("schemas", {})
    for found in schemas.values():
        if any(each.get("kind") == kind for each in found.get("x-kubernetes-group-version-kind", ())):
            return found
    return {}


def declared(value: Any, by: Mapping[str, Any]) -> Any:
    """The value without the fields that the schema does not declare."""
    if isinstance(value, list):
        return [declared(each, by.get("items", {})) for each in value]
    if not isinstance(value, Mapping) or by.get(_ANYTHING):
        return value
    fields, others = by.get("properties", {}), by.get("additionalProperties")
    kept = {name: fields.get(name, others) for name in value if name in fields or others}
    return {
        name: declared(value[name], inside if isinstance(inside, Mapping) else {_ANYTHING: True})
        for name, inside in kept.items()
    }
