"""Amazon DynamoDB."""

from collections.abc import Mapping
from typing import Any

from tests.integration.bindings.sample import Elsewhere, Sample
from tests.support.aws import Aws

from trimtab.domain.binding.resource import Live


def _inventory(aws: Aws) -> list[str]:
    return list(aws.client("dynamodb").list_tables()["TableNames"])


def _make(aws: Aws, name: str) -> str:
    made = aws.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return str(made["TableDescription"]["TableArn"])


def _update(**changes: Any) -> Elsewhere:
    def elsewhere(aws: Aws, lives: Mapping[str, Live]) -> None:
        aws.client("dynamodb").update_table(TableName=lives["table"].handle, **changes)

    return elsewhere


def _no_expiry(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("dynamodb").update_time_to_live(
        TableName=lives["table"].handle, TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": False}
    )


def _no_recovery(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("dynamodb").update_continuous_backups(
        TableName=lives["table"].handle,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def _take_away(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("dynamodb").delete_table(TableName=lives["table"].handle)


SPEC = {
    "partitionKey": {"name": "id", "type": "S"},
    "sortKey": {"name": "at", "type": "N"},
    "globalSecondaryIndexes": [{"name": "by-customer", "partitionKey": {"name": "customer", "type": "S"}}],
    "billing": {"mode": "PayPerRequest"},
    "ttl": {"attribute": "expiresAt"},
    "stream": "NewImage",
    "pointInTimeRecovery": True,
}

SAMPLE = Sample(
    member="dynamodb",
    spec=SPEC,
    update=SPEC | {"billing": {"mode": "Provisioned", "read": 5, "write": 5, "autoscaling": {"min": 5, "max": 50}}},
    immutable=SPEC | {"partitionKey": {"name": "other", "type": "S"}},
    drifts={
        "ttl": _no_expiry,
        "pointInTimeRecovery": _no_recovery,
        "stream": _update(StreamSpecification={"StreamEnabled": False}),
        "billing": _update(
            BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
        ),
        "globalSecondaryIndexes": _update(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-customer"}}]),
    },
    inventory=_inventory,
    make=_make,
    take_away=_take_away,
)
