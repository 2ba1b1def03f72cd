"""What every API type is built from: the base model, CEL rules, and text, map and list types with bounds.

One declaration gives both the Python check and the CRD's schema. Every string, list and map has a maximum, because the
API server prices a CEL rule by the largest value that its schema admits.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One CEL rule, of a model (`ApiModel.rules`) or, as an annotation, of a scalar, list or map.

    `message` says what is wrong and what to do. Each `%s` in it stands for one of `values`, CEL expressions, so that
    the value is named too (a percent sign is written twice). `field_path` is the JSON path, below the object that
    carries the rule, to which the error is reported.
    """

    rule: str
    message: str
    values: tuple[str, ...] = ()
    field_path: str | None = None

    @property
    def text(self) -> str:
        """The message without values; the API server falls back to it."""
        return self.message.replace("%s", "...").replace("%%", "%")

    def to_schema(self) -> dict[str, str]:
        """The entry of x-kubernetes-validations.

        Values are put in by format(), because the API server cannot bound the cost of `+` on a number made a string.
        """
        entry = {"rule": self.rule, "message": self.text}
        if self.values:
            entry["messageExpression"] = f"{cel_string(self.message)}.format([{', '.join(self.values)}])"
        if self.field_path is not None:
            entry["fieldPath"] = self.field_path
        return entry

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Adds the rule to a scalar, list or map: `Annotated[int, Rule(...)]`."""
        result = handler(schema)
        result[VALIDATIONS] = [*result.get(VALIDATIONS, ()), self.to_schema()]
        return result


class ApiModel(BaseModel):
    """A frozen object of the API: snake_case in Python, camelCase on the wire, unknown fields refused.

    `rules` are the CEL rules that the API server evaluates with the object as `self`; Python does not repeat them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Adds the CEL rules to the model's schema."""
        result = handler.resolve_ref_schema(handler(schema))
        if cls.rules:
            result[VALIDATIONS] = [rule.to_schema() for rule in cls.rules]
        return result

    def to_json(self) -> dict[str, Any]:
        """The object as it is written in a manifest, without the values that equal the default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def exactly_one_of(*members: str) -> Rule:
    """The rule of a union: one of the fields `members` (names on the wire) is set, and no other."""
    count = ", ".join(f"has(self.{member})" for member in members)
    names = f"{', '.join(members[:-1])} and {members[-1]}"
    given = " + ".join(f"(has(self.{member}) ? ['{member}'] : [])" for member in members)
    return Rule(
        rule=f"[{count}].filter(present, present).size() == 1",
        message=f"exactly one of {names} must be set, got %s",
        values=(given,),
    )


def immutable(field: str, remedy: str) -> Rule:
    """The rule that `field` of a model (name on the wire) stays as it is. `remedy` says what to do instead.

    It holds for fields that are always there, because they are required or have a scalar default, and for optional
    ones. It says nothing about objects inside lists.
    """
    return Rule(
        rule=f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})",
        message=f"{field} cannot be changed: {remedy}",
        field_path=f".{field}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A bounded string. `pattern` is a regular expression (RE2 and Rust agree on the subset used here).

    `is_not` completes "'<value>' is not ...": what the value should be, and how to write it.
    """

    max_length: int
    min_length: int = 0
    pattern: str | None = None
    is_not: str = ""
    format: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The check in Python."""
        return core_schema.str_schema(
            pattern=self.pattern, min_length=self.min_length, max_length=self.max_length, strict=True
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same in the CRD; the pattern as a CEL rule, because a bare pattern's error says no remedy."""
        result: JsonSchemaValue = {"type": "string", "maxLength": self.max_length}
        if self.min_length:
            result["minLength"] = self.min_length
        if self.format:
            result["format"] = self.format
        if self.pattern is not None:
            result[VALIDATIONS] = [self.rule("self").to_schema()]
        return result

    def rule(self, subject: str) -> Rule:
        """The rule that `subject`, a CEL expression giving a string, has this text's form."""
        return Rule(
            rule=f"{subject}.matches({cel_string(self.pattern or '')})",
            message=f"'%s' is not {self.is_not}".replace("%", "%%").replace("%%s", "%s"),
            values=(subject,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMap:
    """A bounded map from text to `value`."""

    key: Text
    value: Any
    max_items: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The check in Python."""
        keys = self.key.__get_pydantic_core_schema__(str, handler)
        return core_schema.dict_schema(keys, handler.generate_schema(self.value), max_length=self.max_items)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same in the CRD: structural schemas know no propertyNames, so the keys are checked by a rule."""
        given = handler(schema)
        values = given.get("additionalProperties") or next(iter(given["patternProperties"].values()))
        result: JsonSchemaValue = {
            "type": "object",
            "additionalProperties": values,
            "maxProperties": self.max_items,
        }
        if self.key.pattern is not None:
            result[VALIDATIONS] = [self._key_rule().to_schema()]
        return result

    def _key_rule(self) -> Rule:
        good = f"size(key) <= {self.key.max_length} && key.matches({cel_string(self.key.pattern or '')})"
        return Rule(
            rule=f"self.all(key, {good})",
            message=f"the key '%s' is not {self.key.is_not}, with at most {self.key.max_length} characters",
            values=(f"self.filter(key, !({good}))[0]",),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeObject:
    """An object whose fields the schema does not know; server-side apply replaces it as a whole."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Any fields in the CRD too."""
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-map-type": "atomic"}


def cel_string(text: str) -> str:
    """`text` as a CEL string literal."""
    return json.dumps(text)


def atomic(max_items: int, *, at_least: int = 0) -> Any:
    """Annotation of a list that server-side apply replaces as a whole."""
    return _list(at_least, max_items, {"x-kubernetes-list-type": "atomic"})


def unique(max_items: int, *, at_least: int = 0) -> Any:
    """Annotation of a list of different scalars that server-side apply merges."""
    return _list(at_least, max_items, {"x-kubernetes-list-type": "set"})


def keyed(max_items: int, *keys: str, at_least: int = 0) -> Any:
    """Annotation of a list of objects that server-side apply merges by `keys` (names on the wire)."""
    return _list(at_least, max_items, {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)})


def _list(min_items: int, max_items: int, extra: dict[str, Any]) -> Any:
    return Field(min_length=min_items or None, max_length=max_items, json_schema_extra=extra)
