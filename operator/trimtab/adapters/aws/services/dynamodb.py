"""Amazon DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

from collections.abc import Collection, Mapping
from typing import Any

from trimtab.adapters.aws import tables
from trimtab.adapters.aws.calls import Calls
from trimtab.adapters.aws.scaling import Scaling
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.ports.cloud import CloudBusyError, CloudInvalidError

_STATES = {"ACTIVE": State.ACTIVE, "CREATING": State.CREATING, "UPDATING": State.UPDATING, "DELETING": State.DELETING}
_HOUR = 3600.0


class Table:
    """A table. Its handle is its name."""

    service = "dynamodb"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, one if it is known, and one more for each of ttl and pointInTimeRecovery if they are declared."""
        name = arn.rpartition("/")[2] or resource.name
        try:
            found = client.describe_table(TableName=name)["Table"]
            tags = known.tags if known else _tags_of(client, found["TableArn"])
            settings = tables.settings_of(found, resource) | self._separate(client, resource, name)
        except client.exceptions.ResourceNotFoundException:
            return None
        stream = {"stream-arn": found["LatestStreamArn"]} if settings["stream"] else {}
        state = _state(found)
        note = found["TableStatus"] if state is State.FAILED else ""
        return Live(
            handle=name, arn=found["TableArn"], state=state, settings=settings, tags=tags, outputs=stream, note=note
        )

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """One call. Expiry and recovery are changed once the table is ACTIVE."""
        wanted, capacity = resource.settings, resource.creation.get("capacity")
        indexes = wanted.get("globalSecondaryIndexes") or {}
        parameters: dict[str, Any] = {"BillingMode": tables.shouted(resource.creation["billing"])}
        if capacity:
            parameters["ProvisionedThroughput"] = tables.throughput(capacity)
        if indexes:
            made = [tables.index(name, index, capacity) for name, index in indexes.items()]
            parameters["GlobalSecondaryIndexes"] = made
        if wanted.get("stream"):
            parameters["StreamSpecification"] = _stream(wanted["stream"])
        if wanted.get("kmsKeyID"):
            parameters["SSESpecification"] = _encryption(wanted["kmsKeyID"])
        client.create_table(
            TableName=resource.name,
            KeySchema=tables.keys(wanted["partitionKey"], wanted["sortKey"]),
            AttributeDefinitions=tables.definitions(tables.attributes([wanted, *indexes.values()])),
            DeletionProtectionEnabled=wanted.get("deletionProtection", False),
            Tags=_tags(tags),
            **parameters,
        )

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call: AWS takes one kind of change at a time. What needs several is done in as many rounds."""
        if change.group == "ttl":
            self._expire(client, live, change.settings["ttl"])
        elif change.group == "backups":
            client.update_continuous_backups(
                TableName=live.handle,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": change.settings["pointInTimeRecovery"]},
            )
        else:
            client.update_table(TableName=live.handle, **_update(resource, live, change))

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """One call."""
        client.tag_resource(ResourceArn=live.arn, Tags=_tags(tags))

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """One call."""
        client.untag_resource(ResourceArn=live.arn, TagKeys=sorted(keys))

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call. It is refused while the table is being changed, and while AWS protects it from deletion.

        The protection that a binding had set and does not want any more is taken off first.
        """
        try:
            if live.settings.get("deletionProtection") and resource.settings.get("deletionProtection") is False:
                client.update_table(TableName=live.handle, DeletionProtectionEnabled=False)
            client.delete_table(TableName=live.handle)
        except client.exceptions.ResourceNotFoundException:
            return

    def _separate(self, client: Any, resource: Resource, name: str) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if "ttl" in resource.settings:
            found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            enabled = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
            settings["ttl"] = {"attribute": found["AttributeName"]} if enabled else None
        if "pointInTimeRecovery" in resource.settings:
            found = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
            recovery = found.get("PointInTimeRecoveryDescription") or {}
            settings["pointInTimeRecovery"] = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
        return settings

    def _expire(self, client: Any, live: Live, wanted: Mapping[str, str] | None) -> None:
        """Another attribute is taken after the former is given up, which AWS allows an hour later."""
        former = live.settings.get("ttl")
        attribute = (former or wanted or {}).get("attribute", "")
        specification = {"Enabled": former is None, "AttributeName": attribute}
        try:
            client.update_time_to_live(TableName=live.handle, TimeToLiveSpecification=specification)
        except client.exceptions.ClientError as error:
            if "multiple times" not in str(error):
                raise
            message = "expiry of items was changed within the last hour, and AWS changes it once in that time"
            raise CloudBusyError(message, action="dynamodb:UpdateTimeToLive", retry_after=_HOUR) from None


def _update(resource: Resource, live: Live, change: Change) -> dict[str, Any]:
    """The parameters of UpdateTable for one group of settings."""
    wanted = change.settings
    match change.group:
        case "encryption":
            return {"SSESpecification": _encryption(wanted["kmsKeyID"])}
        case "protection":
            return {"DeletionProtectionEnabled": wanted["deletionProtection"]}
        case "stream":
            return {"StreamSpecification": _stream(wanted["stream"])}
        case "billing":
            return _billing(resource, live, change)
        case _:
            return _indexes(resource, live, wanted["globalSecondaryIndexes"])


def _billing(resource: Resource, live: Live, change: Change) -> dict[str, Any]:
    """AWS refuses to be told the capacity that there is. With the mode, all indexes need one."""
    capacity = resource.creation.get("capacity")
    if "billing" in change.differing:
        if not capacity:
            return {"BillingMode": "PAY_PER_REQUEST"}
        named = dict.fromkeys(live.settings["globalSecondaryIndexes"], capacity)
        return {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": tables.throughput(capacity),
            **_index_capacity(named),
        }
    parameters: dict[str, Any] = {}
    if "capacity" in change.differing:
        parameters["ProvisionedThroughput"] = tables.throughput(change.settings["capacity"])
    if "indexCapacity" in change.differing:
        there = live.settings["indexCapacity"]
        wanted = change.settings["indexCapacity"]
        parameters |= _index_capacity({name: value for name, value in wanted.items() if value != there[name]})
    return parameters


def _index_capacity(capacities: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    updates = [
        {"Update": {"IndexName": name, "ProvisionedThroughput": tables.throughput(capacity)}}
        for name, capacity in capacities.items()
    ]
    return {"GlobalSecondaryIndexUpdates": updates} if updates else {}


def _indexes(resource: Resource, live: Live, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Takes one index away, or makes one."""
    there = live.settings["globalSecondaryIndexes"]
    surplus, missing = sorted(there.keys() - wanted.keys()), sorted(wanted.keys() - there.keys())
    if surplus:
        return {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": surplus[0]}}]}
    if not missing:
        other = next(name for name in sorted(wanted) if wanted[name] != there[name])
        raise CloudInvalidError(
            f"the index {other} has other keys or another projection, which AWS cannot change: declare it as it is, "
            "or declare one of another name instead",
            action="dynamodb:UpdateTable",
        )
    name = missing[0]
    present = live.settings["capacity"] if live.settings["billing"] == "Provisioned" else None
    made = tables.index(name, wanted[name], resource.creation.get("capacity") or present)
    types = {**live.settings["attributes"], **tables.attributes([wanted[name]])}
    return {
        "AttributeDefinitions": tables.definitions(types),
        "GlobalSecondaryIndexUpdates": [{"Create": made}],
    }


def _state(found: Mapping[str, Any]) -> State:
    """An index that is being filled counts: no other can be made meanwhile."""
    state = _STATES.get(found["TableStatus"], State.FAILED)
    indexes = found.get("GlobalSecondaryIndexes", ())
    if state is State.ACTIVE and any(each.get("IndexStatus", "ACTIVE") != "ACTIVE" for each in indexes):
        return State.UPDATING
    return state


def _stream(kind: str | None) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": tables.shouted(kind)} if kind else {"StreamEnabled": False}


def _encryption(key: str) -> dict[str, Any]:
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"Enabled": False}


def _tags_of(client: Any, arn: str) -> dict[str, str]:
    pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", ())}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


CALLS: dict[str, Calls] = {"dynamodb/table": Table(), "dynamodb/scaling": Scaling("dynamodb")}
