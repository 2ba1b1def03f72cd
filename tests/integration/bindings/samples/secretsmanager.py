"""AWS Secrets Manager."""

import json
from collections.abc import Mapping

from tests.integration.bindings.sample import Sample
from tests.support.aws import Aws
from tests.support.markers import secret

from trimtab.domain.binding.resource import Live


def _inventory(aws: Aws) -> list[str]:
    return [each["ARN"] for each in aws.client("secretsmanager").list_secrets()["SecretList"]]


def _make(aws: Aws, name: str) -> str:
    value = json.dumps({"password": secret("theirs")})
    return str(aws.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"])


def _describe(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("secretsmanager").update_secret(SecretId=lives["secret"].arn, Description="changed by hand")


def _rekey(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("secretsmanager").update_secret(SecretId=lives["secret"].arn, KmsKeyId="alias/other")


def _take_away(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("secretsmanager").delete_secret(SecretId=lives["secret"].arn, ForceDeleteWithoutRecovery=True)


SPEC = {
    "description": "of orders",
    "kmsKeyID": "alias/orders",
    "generate": {"length": 24, "template": {"username": "orders"}},
    "project": "Value",
}

SAMPLE = Sample(
    member="secretsManager",
    spec=SPEC,
    update=SPEC | {"description": "of all orders"},
    immutable=SPEC | {"generate": {"length": 32}},
    drifts={"description": _describe, "kmsKeyID": _rekey},
    inventory=_inventory,
    make=_make,
    take_away=_take_away,
)
