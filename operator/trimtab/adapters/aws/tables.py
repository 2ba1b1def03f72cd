"""Settings of a table of DynamoDB, to and from the form in which AWS has them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.domain.binding.resource import Resource


def shouted(name: str) -> str:
    """`KeysOnly` as AWS writes it: `KEYS_ONLY`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def spoken(name: str) -> str:
    """`KEYS_ONLY` as we write it: `KeysOnly`."""
    return "".join(part.capitalize() for part in name.split("_"))


def keys(partition: Mapping[str, str], sort: Mapping[str, str] | None) -> list[dict[str, str]]:
    """The KeySchema."""
    schema = [{"AttributeName": partition["name"], "KeyType": "HASH"}]
    return schema + ([{"AttributeName": sort["name"], "KeyType": "RANGE"}] if sort else [])


def attributes(holders: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The types of all key attributes of tables and indexes, by name."""
    found = (key for holder in holders for key in (holder["partitionKey"], holder.get("sortKey")) if key)
    return {key["name"]: key["type"] for key in found}


def definitions(types: Mapping[str, str]) -> list[dict[str, str]]:
    """The AttributeDefinitions."""
    return [{"AttributeName": name, "AttributeType": of} for name, of in sorted(types.items())]


def throughput(capacity: Mapping[str, int]) -> dict[str, int]:
    """The ProvisionedThroughput."""
    return {"ReadCapacityUnits": capacity["read"], "WriteCapacityUnits": capacity["write"]}


def index(name: str, wanted: Mapping[str, Any], capacity: Mapping[str, int] | None) -> dict[str, Any]:
    """An index as it is created."""
    projection = {"ProjectionType": shouted(wanted["projection"])}
    attributes = {"NonKeyAttributes": list(wanted["include"])} if wanted["include"] else {}
    provisioned = {"ProvisionedThroughput": throughput(capacity)} if capacity else {}
    schema = keys(wanted["partitionKey"], wanted["sortKey"])
    return {"IndexName": name, "KeySchema": schema, "Projection": {**projection, **attributes}, **provisioned}


def settings_of(found: Mapping[str, Any], resource: Resource) -> dict[str, Any]:
    """The settings that DescribeTable tells, in the form in which a Resource declares them.

    `attributes` are the types of key attributes, which nobody declares. An index that is yet to be made has the
    capacity that is wanted of it: there is nothing to change.
    """
    types = {each["AttributeName"]: each["AttributeType"] for each in found.get("AttributeDefinitions", ())}
    indexes = {each["IndexName"]: each for each in found.get("GlobalSecondaryIndexes", ())}
    stream = found.get("StreamSpecification") or {}
    mode = (found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    wanted = resource.settings.get("indexCapacity") or {}
    return {
        **_keys_of(found["KeySchema"], types),
        "attributes": types,
        "billing": "PayPerRequest" if mode == "PAY_PER_REQUEST" else "Provisioned",
        "capacity": _capacity(found),
        "indexCapacity": {
            name: _capacity(indexes[name]) if name in indexes else value for name, value in wanted.items()
        },
        "globalSecondaryIndexes": {name: _index_of(each, types) for name, each in indexes.items()},
        "stream": spoken(stream["StreamViewType"]) if stream.get("StreamEnabled") else None,
        "deletionProtection": bool(found.get("DeletionProtectionEnabled")),
        "kmsKeyID": _key(found.get("SSEDescription") or {}, str(resource.settings.get("kmsKeyID", ""))),
    }


def _index_of(found: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    projection = found["Projection"]
    return {
        **_keys_of(found["KeySchema"], types),
        "projection": spoken(projection["ProjectionType"]),
        "include": sorted(projection.get("NonKeyAttributes", ())),
    }


def _keys_of(schema: Iterable[Mapping[str, str]], types: Mapping[str, str]) -> dict[str, Any]:
    by_kind = {
        each["KeyType"]: {"name": each["AttributeName"], "type": types[each["AttributeName"]]} for each in schema
    }
    return {"partitionKey": by_kind["HASH"], "sortKey": by_kind.get("RANGE")}


def _capacity(found: Mapping[str, Any]) -> dict[str, int]:
    provisioned = found.get("ProvisionedThroughput") or {}
    return {
        "read": provisioned.get("ReadCapacityUnits", 0),
        "write": provisioned.get("WriteCapacityUnits", 0),
    }


def _key(description: Mapping[str, str], wanted: str) -> str:
    """The key's ARN, or its id if that is how it is wanted; empty for a key of DynamoDB's own."""
    if description.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return ""
    arn = description.get("KMSMasterKeyArn", "")
    return wanted if wanted and wanted in (arn, arn.rpartition("/")[2]) else arn
