"""What goes with a binding, and what stays whatever anybody says."""

from typing import Any

import pytest

from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.protocol import deletion
from trimtab.domain.binding.resource import Live, Resource


def spec(**fields: Any) -> Any:
    return ServiceBindingSpec.model_validate({"sqs": {}, **fields})


def resource(*, data: bool) -> Resource:
    return Resource(kind="sqs/queue", key="queue", name="shop-q", data=data)


def grant(**fields: Any) -> Grant:
    return Grant(
        policy="shops",
        role_arn="arn:aws:iam::123456789012:role/shop",
        external_id="",
        region="eu-central-1",
        cluster="here",
        namespace="shop",
        services=frozenset({"sqs"}),
        prefix="shop-",
        **fields,
    )


def live(empty: bool | None) -> Live:
    return Live(handle="q", arn="arn", empty=empty)


@pytest.mark.parametrize(
    ("policy", "data", "empty", "goes", "shown", "tag"),
    [
        (None, False, None, True, "Delete", "Delete"),
        (None, True, None, False, "Retain", "Retain"),
        (None, True, True, True, "DeleteIfEmpty", "Retain"),
        (None, True, False, False, "DeleteIfEmpty", "Retain"),
        ("Delete", True, False, True, "Delete", "Delete"),
        ("Retain", False, None, False, "Retain", "Retain"),
        ("Snapshot", True, None, False, "Snapshot", "Snapshot"),
    ],
)
def test_data_stays_unless_somebody_said_otherwise(
    policy: str | None, data: bool, empty: bool | None, goes: bool, shown: str, tag: str
) -> None:
    declared, found = spec(**({"deletionPolicy": policy} if policy else {})), resource(data=data)
    assert deletion.is_deleted(declared, grant(), found, live(empty)) is goes
    assert deletion.shown(declared, grant(), [found], {"queue": live(empty)}) == shown
    assert deletion.tagged(declared, grant(), found) == tag


def test_the_most_careful_default_holds_for_all() -> None:
    parts = [resource(data=False), resource(data=True)]
    assert deletion.shown(spec(), grant(), parts, {}) == "Retain"


@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"adopted": "arn:aws:sqs:eu-central-1:123456789012:legacy"}, "shop-q"),
        ({}, "legacy-q"),
        ({"deletion_policies": frozenset({"Retain"})}, "shop-q"),
    ],
    ids=["adopts", "was adopted", "policy permits Retain alone"],
)
def test_nobody_deletes_by_saying_nothing_what_was_taken_over_or_may_not_go(
    fields: dict[str, Any], name: str, data: bool
) -> None:
    permitted, found = grant(**fields), Resource(kind="sqs/queue", key="queue", name=name, data=data)
    assert not deletion.is_deleted(spec(), permitted, found, live(True))
    assert deletion.shown(spec(), permitted, [found], {}) == "Retain"
    assert deletion.tagged(spec(), permitted, found) == "Retain"
    assert deletion.is_deleted(spec(deletionPolicy="Delete"), permitted, found, live(True))


def test_what_is_protected_stays_and_says_so() -> None:
    protected = spec(deletionPolicy="Delete", deletionProtection=True)
    assert not deletion.is_deleted(protected, grant(), resource(data=False), live(True))
    assert deletion.tagged(protected, grant(), resource(data=False)) == "Retain"


BINDING = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:10Z"}}


@pytest.mark.parametrize(
    ("namespace", "crd", "ending"),
    [
        (None, False, False),
        (None, True, True),
        ({"metadata": {}}, False, False),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:00:09Z"}}, False, True),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:00:10Z"}}, False, True),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:01:09Z"}}, False, True),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:01:11Z"}}, False, False),
    ],
)
def test_what_goes_with_its_surroundings_was_not_asked_to_go(namespace: Any, crd: bool, ending: bool) -> None:
    assert deletion.is_ending(BINDING, namespace, crd) is ending
