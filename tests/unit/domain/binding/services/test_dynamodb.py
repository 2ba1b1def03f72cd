"""DynamoDB: what a binding asks for, gives to its workload, and lets it do."""

from dataclasses import replace
from itertools import chain

import pytest

from trimtab.api.backing.dynamodb import Billing, CapacityScaling, DynamoDB, Index, KeyAttribute
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.service import Statement
from trimtab.domain.binding.services.dynamodb import SERVICE

PLACE = Place(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    cluster="c1",
    prefix="acme-",
    namespace="shop",
    name="orders",
    uid="u1",
)
ORDER = KeyAttribute(name="order", type="S")
PLAIN = DynamoDB(partition_key=ORDER)
BY_DAY = Index(name="by-day", partition_key=KeyAttribute(name="day", type="S"))
SCALED = DynamoDB(
    partition_key=ORDER,
    global_secondary_indexes=(BY_DAY,),
    billing=Billing(mode="Provisioned", read=5, write=6, autoscaling=CapacityScaling(min=5, max=50)),
)
ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
LIVE = {"table": Live(handle="orders", arn=ARN, outputs={"stream-arn": f"{ARN}/stream/1"})}


def actions(statements: tuple[Statement, ...]) -> set[str]:
    return set(chain.from_iterable(each.actions for each in statements))


def test_only_what_the_user_set_is_compared() -> None:
    (table,) = SERVICE.resources(PLAIN, PLACE)
    assert table.settings == {
        "partitionKey": {"name": "order", "type": "S"},
        "sortKey": None,
    }
    assert table.creation["billing"] == "PayPerRequest"
    assert (table.data, table.gradual) == (True, True)


def test_what_was_set_once_is_taken_back() -> None:
    place = replace(PLACE, applied={"table": {"ttl", "stream", "globalSecondaryIndexes", "billing"}})
    (table,) = SERVICE.resources(PLAIN, place)
    assert (table.settings["ttl"], table.settings["stream"]) == (None, None)
    assert table.settings["globalSecondaryIndexes"] == {}
    assert table.settings["billing"] == "PayPerRequest"


def test_protection_is_declared_as_long_as_it_was_ours() -> None:
    (protected,) = SERVICE.resources(PLAIN, replace(PLACE, protected=True))
    (released,) = SERVICE.resources(PLAIN, replace(PLACE, applied={"table": {"deletionProtection"}}))
    assert protected.settings["deletionProtection"] is True
    assert released.settings["deletionProtection"] is False


def test_each_capacity_is_scaled_on_its_own() -> None:
    table, *targets = SERVICE.resources(SCALED, PLACE)
    assert [each.key for each in targets] == [
        "scalingRead",
        "scalingWrite",
        "scalingRead-by-day",
        "scalingWrite-by-day",
    ]
    assert {each.parent for each in targets} == {"table"}
    assert targets[2].address == {
        "resource": f"table/{table.name}/index/by-day",
        "dimension": "dynamodb:index:ReadCapacityUnits",
    }
    assert targets[0].settings == {"min": 5, "max": 50, "target": 70}


def test_capacity_that_scales_is_set_once_and_then_left_to_the_scaling() -> None:
    table, *_ = SERVICE.resources(SCALED, PLACE)
    assert table.creation == {"billing": "Provisioned", "capacity": {"read": 5, "write": 6}}
    assert "capacity" not in table.settings


def test_an_attribute_of_two_types_is_refused() -> None:
    other = Index(name="other", partition_key=KeyAttribute(name="order", type="N"))
    assert "order" in SERVICE.problem(DynamoDB(partition_key=ORDER, global_secondary_indexes=(other,)), {})
    assert SERVICE.problem(SCALED, {}) == ""


def test_a_workload_finds_the_table_by_its_name() -> None:
    assert SERVICE.projection(PLAIN, PLACE, LIVE) == {"arn": ARN, "table": "orders", "stream-arn": f"{ARN}/stream/1"}


@pytest.mark.parametrize(
    ("access", "may", "may_not"),
    [
        ("Read", {"dynamodb:GetItem", "dynamodb:Query"}, {"dynamodb:PutItem", "dynamodb:PartiQLUpdate"}),
        ("Write", {"dynamodb:PutItem", "dynamodb:DeleteItem"}, {"dynamodb:GetItem", "dynamodb:Scan"}),
        ("ReadWrite", {"dynamodb:PutItem", "dynamodb:GetItem"}, {"dynamodb:DeleteTable", "dynamodb:CreateBackup"}),
        ("Admin", {"dynamodb:PutItem", "dynamodb:CreateBackup"}, {"dynamodb:DeleteTable", "dynamodb:UpdateTable"}),
    ],
)
def test_access_is_the_least_that_is_needed(access: str, may: set[str], may_not: set[str]) -> None:
    statements = SERVICE.statements(PLAIN, PLACE, LIVE, access)  # type: ignore[arg-type]
    assert may <= actions(statements)
    assert not may_not & actions(statements)
    assert {resource for each in statements for resource in each.resources} == {ARN, f"{ARN}/index/*"}


def test_a_stream_is_read_by_who_may_read() -> None:
    spec = DynamoDB(partition_key=ORDER, stream="NewImage")
    assert "dynamodb:GetRecords" in actions(SERVICE.statements(spec, PLACE, LIVE, "Read"))
    assert "dynamodb:GetRecords" not in actions(SERVICE.statements(spec, PLACE, LIVE, "Write"))


def test_a_key_of_kms_is_named_by_its_arn() -> None:
    spec = DynamoDB(partition_key=ORDER, kms_key_id="1234abcd")
    key = SERVICE.statements(spec, PLACE, LIVE, "Read")[-1]
    assert (key.actions, key.resources) == (
        ("kms:Decrypt",),
        ("arn:aws:kms:eu-central-1:123456789012:key/1234abcd",),
    )


def test_the_operator_reaches_no_table_outside_its_prefix_and_no_item() -> None:
    statements = [each for each in SERVICE.administration("acme-", "aws") if each.actions[0].startswith("dynamodb:")]
    assert {each.resources for each in statements} == {("arn:aws:dynamodb:*:*:table/acme-*",)}
    assert not actions(tuple(statements)) & {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem"}
