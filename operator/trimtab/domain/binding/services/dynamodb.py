"""Amazon DynamoDB: a table, and if asked for the scaling of its capacity."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.api.backing.dynamodb import CapacityScaling, DynamoDB, Index, KeyAttribute
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.policies.rights import OWNED, WITH_OWNER, key_use
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target

NAME_LIMIT = 255

_OTHERWISE: Mapping[str, Any] = {
    "billing": "PayPerRequest",
    "ttl": None,
    "kmsKeyID": "",
    "deletionProtection": False,
    "pointInTimeRecovery": False,
    "stream": None,
    "globalSecondaryIndexes": {},
}
_GROUPS = {
    "ttl": "ttl",
    "kmsKeyID": "encryption",
    "billing": "billing",
    "capacity": "billing",
    "indexCapacity": "billing",
    "deletionProtection": "protection",
    "pointInTimeRecovery": "backups",
    "stream": "stream",
    "globalSecondaryIndexes": "indexes",
}
"""One call each, in this order."""

_READ = ("GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem", "PartiQLSelect")
_WRITE = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
_WRITE_BY_PARTIQL = ("PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")
_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator")
_ADMIN = ("DescribeTimeToLive", "DescribeContinuousBackups", "CreateBackup")


class DynamoDBService:
    """See the protocol. The table comes first; what scales it are its parts."""

    member = "dynamodb"
    type = "dynamodb"
    key_actions = (
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    )
    """What DynamoDB does with the key in the name of whoever makes the table or changes its key."""

    def resources(self, spec: DynamoDB, place: Place) -> tuple[Resource, ...]:
        """The table, then for each of its capacities and those of its indexes a target of the autoscaling."""
        table = _table(spec, place)
        scaling = spec.billing.autoscaling
        return (table,) if scaling is None else (table, *_targets(spec, scaling, table.name))

    def problem(self, spec: DynamoDB, targets: Mapping[str, Target]) -> str:
        """An attribute that is of two types."""
        types: dict[str, str] = {}
        for key in _keys(spec):
            if types.setdefault(key.name, key.type) != key.type:
                return f"the attribute {key.name} is of type {types[key.name]} and of type {key.type}: choose one"
        return ""

    def projection(self, spec: DynamoDB, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """`arn`, `table`, and for a stream `stream-arn`."""
        table = live["table"]
        return {"arn": table.arn, "table": table.handle} | dict(table.outputs)

    def statements(
        self, spec: DynamoDB, place: Place, live: Mapping[str, Live], access: Access
    ) -> tuple[Statement, ...]:
        """Read is of items, indexes and the stream, Write of items; Admin also makes backups."""
        read, write = access != "Write", access != "Read"
        arn = live["table"].arn
        items = (
            *(_READ if read else ()),
            *(_WRITE if write else ()),
            *(_WRITE_BY_PARTIQL if read and write else ()),
            *(_ADMIN if access == "Admin" else ()),
            "DescribeTable",
        )
        statements = [Statement(actions=_actions(dict.fromkeys(items)), resources=(arn, f"{arn}/index/*"))]
        if read and spec.stream is not None:
            statements.append(Statement(actions=_actions(_STREAM), resources=(f"{arn}/stream/*",)))
        uses = ("kms:Decrypt", *(("kms:Encrypt", "kms:GenerateDataKey") if write else ()))
        return (*statements, *key_use(place, "dynamodb", spec.kms_key_id or "", *uses))

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """To keep tables and the scaling of their capacity; nothing that reads or writes an item."""
        tables = (f"arn:{partition}:dynamodb:*:*:table/{prefix}*",)
        look = ("DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource")
        change = ("UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups", "DeleteTable")
        return (
            Statement(actions=_actions((*look, "TagResource", "UntagResource")), resources=tables),
            Statement(actions=_actions(("CreateTable",)), resources=tables, conditions=WITH_OWNER),
            Statement(actions=_actions(change), resources=tables, conditions=OWNED),
            *_scaling_rights(partition),
        )


def _table(spec: DynamoDB, place: Place) -> Resource:
    billing = spec.billing
    capacity = {"read": billing.read, "write": billing.write} if billing.mode == "Provisioned" else None
    fixed = None if billing.autoscaling else capacity
    indexes = None if spec.global_secondary_indexes is None else {each.name: _index(each) for each in spec.indexes}
    asked = {
        "partitionKey": _key(spec.partition_key),
        "billing": billing.mode if "billing" in spec.model_fields_set else None,
        "capacity": fixed,
        "indexCapacity": {each.name: fixed for each in spec.indexes} if fixed and spec.indexes else None,
        "ttl": {"attribute": spec.ttl.attribute} if spec.ttl else None,
        "kmsKeyID": spec.kms_key_id,
        "deletionProtection": place.protected or None,
        "pointInTimeRecovery": spec.point_in_time_recovery,
        "stream": spec.stream,
        "globalSecondaryIndexes": indexes,
    }
    name = place.external("table", limit=NAME_LIMIT)
    return Resource(
        kind="dynamodb/table",
        key="table",
        name=name,
        arn=place.arn("dynamodb", f"table/{name}"),
        settings=place.declared("table", asked, _OTHERWISE) | {"sortKey": _key(spec.sort_key)},
        creation={"billing": billing.mode, "capacity": capacity},
        immutable=frozenset({"partitionKey", "sortKey"}),
        replaced=frozenset({"stream"}),
        groups=_GROUPS,
        data=True,
        gradual=True,
    )


def _targets(spec: DynamoDB, scaling: CapacityScaling, table: str) -> Iterator[Resource]:
    scaled = [("table", "", f"table/{table}")]
    scaled += [("index", f"-{each.name}", f"table/{table}/index/{each.name}") for each in spec.indexes]
    for what, suffix, identifier in scaled:
        for direction in ("Read", "Write"):
            yield Resource(
                kind="dynamodb/scaling",
                key=f"scaling{direction}{suffix}",
                name=table,
                address={"resource": identifier, "dimension": f"dynamodb:{what}:{direction}CapacityUnits"},
                settings={"min": scaling.min, "max": scaling.max, "target": int(scaling.target.rstrip("%"))},
                parent="table",
            )


def _scaling_rights(partition: str) -> tuple[Statement, ...]:
    """The ARNs of what is scaled hold random ids, hence conditions instead of names."""
    actions = (
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "cloudwatch:DescribeAlarms",
    )
    change = (
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
    )
    role = f"arn:{partition}:iam::*:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/*"
    return (
        Statement(actions=actions, resources=("*",)),
        Statement(
            actions=change,
            resources=("*",),
            conditions={"StringEquals": {"application-autoscaling:service-namespace": "dynamodb"}},
        ),
        Statement(
            actions=("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
            resources=(f"arn:{partition}:cloudwatch:*:*:alarm:TargetTracking-table/*",),
        ),
        Statement(
            actions=("iam:CreateServiceLinkedRole",),
            resources=(role,),
            conditions={"StringEquals": {"iam:AWSServiceName": "dynamodb.application-autoscaling.amazonaws.com"}},
        ),
    )


def _index(index: Index) -> dict[str, Any]:
    return {
        "partitionKey": _key(index.partition_key),
        "sortKey": _key(index.sort_key),
        "projection": index.projection,
        "include": sorted(index.include or ()),
    }


def _key(key: KeyAttribute | None) -> dict[str, str] | None:
    return {"name": key.name, "type": key.type} if key else None


def _keys(spec: DynamoDB) -> Iterator[KeyAttribute]:
    holders: tuple[DynamoDB | Index, ...] = (spec, *spec.indexes)
    for holder in holders:
        yield holder.partition_key
        if holder.sort_key is not None:
            yield holder.sort_key


def _actions(names: Any) -> tuple[str, ...]:
    return tuple(f"dynamodb:{name}" for name in names)


SERVICE = DynamoDBService()
