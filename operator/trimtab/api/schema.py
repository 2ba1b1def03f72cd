"""From a pydantic model to the structural OpenAPI v3 schema that a CRD needs.

Structural means: no $ref, no anyOf with null, a type in every node, no additionalProperties beside properties
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from trimtab.api.meta import VALIDATIONS, ApiModel

Schema = dict[str, Any]

_KEPT = (
    "type",
    "format",
    "enum",
    "minimum",
    "maximum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    VALIDATIONS,
)


def structural_schema(model: type[ApiModel], *, defaults: bool) -> Schema:
    """The schema of `model`.

    With `defaults`, a field whose default is a number, a boolean or a text that is not empty has that default, so that
    CEL rules can rely on it and users see it; lists, objects and optional fields never have one, so that what is absent
    in a manifest stays absent. Raises ValueError for what no structural schema can say.
    """
    source = model.model_json_schema(by_alias=True, schema_generator=_AsDeclared)
    return _rewrite(source, source.get("$defs", {}), defaults)


class _AsDeclared(GenerateJsonSchema):
    """Keeps the order in which fields and examples are written."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        """Leaves `value` as it is."""
        return value


def _rewrite(node: Mapping[str, Any], definitions: Mapping[str, Any], defaults: bool) -> Schema:
    node = _resolve(node, definitions)
    result: Schema = {}
    if "description" in node:
        result["description"] = _description(node)
    if defaults and _stands_in_crd(node.get("default")):
        result["default"] = node["default"]
    result.update({key: node[key] for key in _KEPT if key in node})
    if "const" in node:
        result["enum"] = [node["const"]]
    if "type" not in node and "x-kubernetes-int-or-string" not in node:
        raise ValueError(f"no type: {node}")
    if "items" in node:
        result["items"] = _rewrite(node["items"], definitions, defaults)
    if isinstance(node.get("additionalProperties"), Mapping):
        result["additionalProperties"] = _rewrite(node["additionalProperties"], definitions, defaults)
    if "properties" in node:
        result["properties"] = {
            name: _rewrite(field, definitions, defaults) for name, field in node["properties"].items()
        }
        if node.get("required"):
            result["required"] = list(node["required"])
    return result


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """`node` without $ref and without the null branch of an optional field; what stands beside them wins."""
    outer = dict(node)
    if "$ref" in outer:
        inner = definitions[outer.pop("$ref").rpartition("/")[2]]
    elif "anyOf" in outer:
        branches = [branch for branch in outer.pop("anyOf") if branch.get("type") != "null"]
        if len(branches) != 1:
            raise ValueError(f"a structural schema has no unions of types: {node}")
        inner = branches[0]
    else:
        return node
    rules = [*inner.get(VALIDATIONS, ()), *outer.get(VALIDATIONS, ())]
    merged = {**inner, **outer} | ({VALIDATIONS: rules} if rules else {})
    return _resolve(merged, definitions)


def _stands_in_crd(default: Any) -> bool:
    return isinstance(default, bool | int) or (isinstance(default, str) and default != "")


def _description(node: Mapping[str, Any]) -> str:
    text = str(node["description"])
    default = node.get("default")
    if isinstance(default, bool | int | str) and "Default:" not in text:
        text += f" Default: {_as_yaml(default) if default != '' else 'empty'}."
    if node.get("examples"):
        text += f" Example: {_as_yaml(node['examples'][0])}"
    return text


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
