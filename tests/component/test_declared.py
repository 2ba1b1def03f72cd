"""What is left of a status by the schema of an older CRD."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.declared import declared, schema

TEXT: dict[str, Any] = {"type": "string"}
STATUS = {
    "type": "object",
    "properties": {
        "phase": TEXT,
        "kpis": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT}}},
        "labels": {"type": "object", "additionalProperties": TEXT},
        "progress": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        ({"phase": "Idle", "eta": "1m"}, {"phase": "Idle"}),
        ({"kpis": [{"name": "a", "promote": "3%"}, {"promote": "4%"}]}, {"kpis": [{"name": "a"}, {}]}),
        ({"labels": {"any": "thing"}}, {"labels": {"any": "thing"}}),
        ({"progress": {"legs": {"a": {"b": [{"c": 1}]}}}}, {"progress": {"legs": {"a": {"b": [{"c": 1}]}}}}),
    ],
)
def test_what_is_declared_is_kept(status: dict[str, Any], kept: dict[str, Any]) -> None:
    assert declared(status, STATUS) == kept


def test_the_schema_of_a_kind_is_found_among_others() -> None:
    named = {"type": "object", "x-kubernetes-group-version-kind": [{"group": "g", "version": "v", "kind": "Canary"}]}
    document = {"components": {"schemas": {"a.Other": {"type": "object"}, "a.Canary": named}}}
    assert schema(document, "Canary") == named
    assert schema(document, "Absent") == {}
