"""The generator on small models: what a structural schema may and may not say."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from trimtab.api.meta import VALIDATIONS, ApiModel, Rule, Text, TextMap, atomic, exactly_one_of, keyed
from trimtab.api.schema import structural_schema

Word = Annotated[str, Text(max_length=8, pattern="^[a-z]+$", is_not="a word: write letters, such as abc")]


class Part(ApiModel):
    """A part."""

    rules = (exactly_one_of("left", "right"),)

    name: Word = Field(description="Its name.", examples=["abc"])
    left: bool | None = Field(None, description="Left. Default: no.")
    right: bool | None = Field(None, description="Right. Default: no.")


class Whole(ApiModel):
    """A whole."""

    parts: Annotated[tuple[Part, ...], keyed(4, "name")] = Field((), description="Parts. Default: none.")
    main: Part | None = Field(None, description="The main part. Default: none.")
    mode: Literal["On", "Off"] = Field("On", description="Mode.", examples=["Off"])
    count: Annotated[int, Field(ge=1, le=9), Rule(rule="self != 5", message="%s is five", values=("self",))] = Field(
        3, description="Count.", examples=[4]
    )
    tags: Annotated[dict[str, str], TextMap(key=Text(max_length=5, pattern="^t"), value=Word, max_items=2)] = Field(
        default_factory=dict, description="Tags. Default: none.", examples=[{"t": "abc"}]
    )
    note: Word | None = Field(None, description="Note. Default: none.")
    prefix: Annotated[str, Text(max_length=3)] = Field("", description="Prefix.")


SCHEMA = structural_schema(Whole, defaults=True)
FIELDS = SCHEMA["properties"]


def test_an_optional_object_is_inlined_with_the_description_of_the_field() -> None:
    assert FIELDS["main"]["type"] == "object"
    assert FIELDS["main"]["description"] == "The main part. Default: none."
    assert FIELDS["main"]["required"] == ["name"]
    assert "default" not in FIELDS["main"]


def test_rules_of_a_model_come_with_it_wherever_it_is_used() -> None:
    for schema in (FIELDS["main"], FIELDS["parts"]["items"]):
        (rule,) = schema[VALIDATIONS]
        assert rule["message"] == "exactly one of left and right must be set, got ..."
        assert rule["messageExpression"].startswith('"exactly one of left and right must be set, got %s".format([')


def test_a_keyed_list_is_merged_by_its_keys_and_bounded() -> None:
    parts = FIELDS["parts"]
    assert parts["x-kubernetes-list-type"] == "map"
    assert parts["x-kubernetes-list-map-keys"] == ["name"]
    assert parts["maxItems"] == 4


def test_scalar_defaults_stand_in_the_schema_and_in_the_description() -> None:
    assert FIELDS["mode"] == {
        "description": "Mode. Default: On. Example: Off",
        "default": "On",
        "type": "string",
        "enum": ["On", "Off"],
    }
    assert FIELDS["count"]["default"] == 3
    assert FIELDS["count"]["description"] == "Count. Default: 3. Example: 4"


def test_what_is_absent_stays_absent() -> None:
    assert [name for name, field in FIELDS.items() if "default" in field] == ["mode", "count"]
    assert FIELDS["prefix"]["description"] == "Prefix. Default: empty."
    without = structural_schema(Whole, defaults=False)["properties"]
    assert not [name for name, field in without.items() if "default" in field]


def test_a_rule_on_a_number_keeps_its_bounds() -> None:
    count = FIELDS["count"]
    assert (count["minimum"], count["maximum"]) == (1, 9)
    assert count[VALIDATIONS] == [
        {"rule": "self != 5", "message": "... is five", "messageExpression": '"%s is five".format([self])'}
    ]


def test_a_map_checks_its_keys_by_a_rule() -> None:
    tags = FIELDS["tags"]
    assert tags["maxProperties"] == 2
    assert tags["additionalProperties"]["maxLength"] == 8
    assert 'size(key) <= 5 && key.matches("^t")' in tags[VALIDATIONS][0]["rule"]


def test_an_optional_text_keeps_bound_and_rule() -> None:
    assert FIELDS["note"]["maxLength"] == 8
    assert FIELDS["note"][VALIDATIONS][0]["rule"] == 'self.matches("^[a-z]+$")'


def test_a_union_of_types_is_refused() -> None:
    class Either(ApiModel):
        """Either."""

        value: int | str = Field(description="Value.")

    with pytest.raises(ValueError, match="no unions of types"):
        structural_schema(Either, defaults=True)


def test_a_value_without_a_type_is_refused() -> None:
    class Untyped(ApiModel):
        """Untyped."""

        value: object = Field(description="Value.")

    with pytest.raises(ValueError, match="no type"):
        structural_schema(Untyped, defaults=True)


def test_percent_signs_survive_the_format() -> None:
    rule = Rule(rule="true", message="%s is above 70%%", values=("self",))
    assert rule.text == "... is above 70%"
    assert rule.to_schema()["messageExpression"] == '"%s is above 70%%".format([self])'
    assert atomic(3) is not None
