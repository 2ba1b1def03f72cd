"""The calls of DynamoDB against the emulator: what they make, a second look finds so."""

from dataclasses import replace
from typing import Any

import pytest

from trimtab.api.backing.dynamodb import Billing, CapacityScaling, DynamoDB, Index, KeyAttribute, TimeToLive
from trimtab.domain.binding.resource import Live
from trimtab.ports.cloud import CloudBusyError, CloudInvalidError

from .account import TAGS, Account

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ORDER = KeyAttribute(name="order", type="S")
PLACED = KeyAttribute(name="placed", type="N")
CUSTOMER = KeyAttribute(name="customer", type="S")
BY_CUSTOMER = Index(name="by-customer", partition_key=CUSTOMER, sort_key=PLACED)
BY_DAY = Index(name="by-day", partition_key=PLACED, projection="Include", include=("total", "customer"))
PLAIN = DynamoDB(partition_key=ORDER)
FULL = DynamoDB(
    partition_key=ORDER,
    sort_key=PLACED,
    global_secondary_indexes=(BY_CUSTOMER, BY_DAY),
    billing=Billing(mode="Provisioned", read=5, write=6),
    ttl=TimeToLive(attribute="expires"),
    stream="NewAndOldImages",
    point_in_time_recovery=True,
    kms_key_id=KEY,
)
SCALED = DynamoDB(
    partition_key=ORDER,
    global_secondary_indexes=(BY_CUSTOMER,),
    billing=Billing(mode="Provisioned", read=5, write=5, autoscaling=CapacityScaling(min=5, max=50)),
)


def with_(spec: DynamoDB, **fields: Any) -> DynamoDB:
    return spec.model_copy(update=fields)


def settle(account: Account, spec: DynamoDB) -> Live:
    """What needs several rounds gets them."""
    table = account.resources(spec)["table"]
    for _ in range(8):
        if not account.change(table):
            break
    account.assert_settled(spec)
    return account.found(table)


@pytest.mark.parametrize("spec", [PLAIN, FULL, SCALED], ids=["plain", "full", "scaled"])
def test_what_is_made_is_what_is_asked_for(account: Account, spec: DynamoDB) -> None:
    made = account.create(spec)
    account.assert_settled(spec)
    assert made["table"].tags == TAGS
    assert made["table"].empty is None, "ItemCount is up to six hours old"


def test_a_table_is_not_there_before_it_is_made_and_after_it_is_deleted(account: Account) -> None:
    table = account.resources(PLAIN)["table"]
    assert account.look(table) is None
    live = account.create(PLAIN)["table"]
    account.delete(table)
    assert account.look(table) is None
    account.delete(table, live)


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"BillingMode": "PAY_PER_REQUEST"}, "billing"),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 6}}, "capacity"),
        ({"DeletionProtectionEnabled": False}, "deletionProtection"),
        ({"StreamSpecification": {"StreamEnabled": False}}, "stream"),
        ({"SSESpecification": {"Enabled": False}}, "kmsKeyID"),
        ({"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-day"}}]}, "globalSecondaryIndexes"),
    ],
)
def test_a_change_of_the_table_made_elsewhere_is_found_and_undone(
    account: Account, change: dict[str, Any], setting: str
) -> None:
    account.place = replace(account.place, protected=True)
    live = account.create(FULL)["table"]
    account.client("dynamodb").update_table(TableName=live.handle, **change)
    assert setting in frozenset[str]().union(*account.change(account.resources(FULL)["table"]))
    settle(account, FULL)


def test_a_table_has_a_tag_once_however_often_it_is_given(account: Account) -> None:
    """AWS lists ten tags a page: with some of them twice, what was tagged last is told on the next one."""
    table = account.resources(PLAIN)["table"]
    live = account.create(PLAIN)["table"]
    client = account.client("dynamodb")
    for since in ("monday", "tuesday"):
        tags = [{"Key": name, "Value": value} for name, value in {**TAGS, "since": since}.items()]
        client.tag_resource(ResourceArn=live.arn, Tags=tags)
    told = client.list_tags_of_resource(ResourceArn=live.arn)["Tags"]
    assert len(told) == len(TAGS) + 1
    found = account.look(table)
    assert found is not None
    assert found.tags == {**TAGS, "since": "tuesday"}


def test_expiry_and_recovery_changed_elsewhere_are_found_and_undone(account: Account) -> None:
    live = account.create(FULL)["table"]
    client = account.client("dynamodb")
    client.update_time_to_live(
        TableName=live.handle, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
    )
    client.update_continuous_backups(
        TableName=live.handle, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    groups = account.change(account.resources(FULL)["table"])
    assert sorted(groups, key=str) == sorted([frozenset({"ttl"}), frozenset({"pointInTimeRecovery"})], key=str)
    account.assert_settled(FULL)


@pytest.mark.parametrize(
    "after",
    [
        with_(FULL, global_secondary_indexes=()),
        with_(FULL, global_secondary_indexes=(BY_DAY, Index(name="by-price", partition_key=PLACED))),
        with_(FULL, billing=Billing()),
        with_(FULL, billing=Billing(mode="Provisioned", read=7, write=6)),
        with_(FULL, ttl=TimeToLive(attribute="gone")),
        with_(FULL, stream=None),
        with_(FULL, kms_key_id="5678abcd-12ab-34cd-56ef-1234567890ab"),
        DynamoDB(partition_key=ORDER, sort_key=PLACED),
    ],
    ids=["no indexes", "other indexes", "billing", "capacity", "ttl", "stream", "key", "all left the spec"],
)
def test_a_table_becomes_what_the_spec_says_now(account: Account, after: DynamoDB) -> None:
    account.create(FULL)
    settle(account, after)


def test_what_is_taken_over_is_paid_for_as_before_its_new_indexes_too(account: Account) -> None:
    made = account.create(with_(PLAIN, billing=Billing(mode="Provisioned", read=3, write=4)))["table"]
    account.place = replace(account.place, applied={}, recorded={"table": made.handle})
    assert account.change(account.resources(PLAIN)["table"]) == []
    settle(account, with_(PLAIN, global_secondary_indexes=(BY_CUSTOMER,)))
    found = account.client("dynamodb").describe_table(TableName=made.handle)["Table"]
    (index,) = found["GlobalSecondaryIndexes"]
    for holder in (found, index):
        assert holder["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
        assert holder["ProvisionedThroughput"]["WriteCapacityUnits"] == 4


def test_a_table_by_use_gets_capacity_for_all_its_indexes_at_once(account: Account) -> None:
    account.create(with_(FULL, billing=Billing()))
    live = settle(account, FULL)
    assert live.settings["indexCapacity"] == {key: {"read": 5, "write": 6} for key in ("by-customer", "by-day")}


def test_indexes_that_are_not_declared_stay(account: Account) -> None:
    account.create(with_(PLAIN, global_secondary_indexes=(BY_CUSTOMER,)))
    account.place = replace(account.place, applied={})
    live = settle(account, PLAIN)
    assert list(live.settings["globalSecondaryIndexes"]) == ["by-customer"]


def test_an_index_with_other_keys_is_not_replaced_silently(account: Account) -> None:
    account.create(with_(PLAIN, global_secondary_indexes=(BY_CUSTOMER,)))
    other = with_(PLAIN, global_secondary_indexes=(Index(name="by-customer", partition_key=CUSTOMER),))
    with pytest.raises(CloudInvalidError, match="by-customer"):
        account.change(account.resources(other)["table"])


def test_an_index_that_is_being_filled_keeps_other_changes_waiting(account: Account, monkeypatch: Any) -> None:
    account.create(FULL)
    client = account.client("dynamodb")
    described = client.describe_table(TableName=account.resources(FULL)["table"].name)
    described["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = "CREATING"
    monkeypatch.setattr(client, "describe_table", lambda **_: described)
    assert account.found(account.resources(FULL)["table"]).state == "Updating"


def test_protection_in_aws_follows_the_bindings_own(account: Account) -> None:
    account.place = replace(account.place, protected=True)
    assert account.create(PLAIN)["table"].settings["deletionProtection"] is True
    account.place = replace(account.place, protected=False)
    table = account.resources(PLAIN)["table"]
    account.delete(table)
    assert account.look(table) is None


def test_a_table_that_others_protect_is_not_deleted(account: Account) -> None:
    live = account.create(PLAIN)["table"]
    client = account.client("dynamodb")
    client.update_table(TableName=live.handle, DeletionProtectionEnabled=True)
    table = account.resources(PLAIN)["table"]
    with pytest.raises(client.exceptions.ClientError, match="Deletion"):
        account.delete(table)


def test_a_second_change_of_expiry_within_the_hour_waits(account: Account, monkeypatch: Any) -> None:
    account.create(FULL)
    client = account.client("dynamodb")
    answer = {
        "Error": {"Code": "ValidationException", "Message": "Time to live has been modified multiple times within"}
    }

    def refuse(**_: Any) -> None:
        raise client.exceptions.ClientError(answer, "UpdateTimeToLive")

    monkeypatch.setattr(client, "update_time_to_live", refuse)
    with pytest.raises(CloudBusyError) as raised:
        account.change(account.resources(with_(FULL, ttl=TimeToLive(attribute="gone")))["table"])
    assert raised.value.retry_after == 3600


def test_foreign_tags_stay(account: Account) -> None:
    live = account.create(PLAIN)["table"]
    table = account.resources(PLAIN)["table"]
    account.client("dynamodb").tag_resource(ResourceArn=live.arn, Tags=[{"Key": "team", "Value": "shop"}])
    account.tag(table, **{"trimtab.dev/uid": "u2"})
    assert account.found(table).tags == {**TAGS, "trimtab.dev/uid": "u2", "team": "shop"}
    account.untag(table, "trimtab.dev/uid", "trimtab.dev/cluster")
    assert account.found(table).tags == {"team": "shop"}


def test_a_table_to_take_over_is_found_by_its_arn(account: Account) -> None:
    made = account.client("dynamodb").create_table(
        TableName="made-by-hand",
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    live = account.look(account.resources(PLAIN)["table"], arn=made)
    assert live is not None
    assert (live.handle, live.arn) == ("made-by-hand", made)


@pytest.mark.parametrize("key", ["scalingRead", "scalingWrite", "scalingRead-by-customer", "scalingWrite-by-customer"])
def test_scaling_changed_elsewhere_is_found_and_undone(account: Account, key: str) -> None:
    account.create(SCALED)
    scaling = account.resources(SCALED)[key]
    named = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": scaling.address["resource"],
        "ScalableDimension": scaling.address["dimension"],
    }
    client = account.client("application-autoscaling")
    client.register_scalable_target(**named, MinCapacity=1, MaxCapacity=99)
    client.delete_scaling_policy(PolicyName="trimtab", **named)
    assert account.change(scaling) == [frozenset({"min", "max", "target"})]
    account.assert_settled(SCALED)


def test_scaling_is_taken_away(account: Account) -> None:
    made = account.create(SCALED)
    scaling = account.resources(SCALED)["scalingRead"]
    account.delete(scaling)
    assert account.look(scaling) is None
    account.delete(scaling, made["scalingRead"])


def test_capacity_that_scales_is_not_compared(account: Account) -> None:
    live = account.create(SCALED)["table"]
    account.client("dynamodb").update_table(
        TableName=live.handle, ProvisionedThroughput={"ReadCapacityUnits": 40, "WriteCapacityUnits": 5}
    )
    account.assert_settled(SCALED)
