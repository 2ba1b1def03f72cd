"""What a binding of Secrets Manager declares, projects and allows."""

from dataclasses import replace
from typing import Any

import pytest

from trimtab.api.backing.secretsmanager import Generate, SecretsManager
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.services.secretsmanager import SERVICE

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme-shop-db-abc-Ab1Cd2"
PLACE = Place(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    cluster="c1",
    prefix="acme-",
    namespace="shop",
    name="db",
    uid="u1",
)


def live(**outputs: str) -> dict[str, Live]:
    return {"secret": Live(handle=ARN, arn=ARN, outputs=outputs)}


def test_only_what_is_set_is_compared() -> None:
    (bare,) = SERVICE.resources(SecretsManager(), PLACE)
    (full,) = SERVICE.resources(SecretsManager(description="of db", kms_key_id="alias/db"), PLACE)
    assert bare.settings == {}
    assert full.settings == {"description": "of db", "kmsKeyID": "alias/db"}
    assert bare.data


def test_what_left_the_spec_becomes_what_aws_has_by_default() -> None:
    place = replace(PLACE, applied={"secret": {"description", "kmsKeyID"}})
    (secret,) = SERVICE.resources(SecretsManager(), place)
    assert secret.settings == {"description": "", "kmsKeyID": "alias/aws/secretsmanager"}


@pytest.mark.parametrize(("window", "days"), [("168h", 7), ("169h", 8), ("720h", 30)])
def test_a_window_is_rounded_up_to_days(window: str, days: int) -> None:
    (secret,) = SERVICE.resources(SecretsManager(recovery_window=window), PLACE)
    assert secret.address["recoveryWindowInDays"] == str(days)


def test_what_is_generated_is_declared_in_the_words_of_aws() -> None:
    spec = SecretsManager(generate=Generate(length=20, exclude_characters="@", template={"username": "db"}))
    (secret,) = SERVICE.resources(spec, PLACE)
    generate: Any = secret.creation["generate"]
    assert (generate["key"], generate["template"]) == ("password", {"username": "db"})
    assert generate["password"]["PasswordLength"] == 20
    assert generate["password"]["ExcludeCharacters"] == "@"


def test_members_are_entries_unless_they_cannot_be_or_are_ours() -> None:
    found = live(**{"password": "p", "arn": "theirs", "type": "theirs", "a b": "x", "": "x"})
    entries = SERVICE.projection(SecretsManager(project="Value"), PLACE, found)
    assert entries == {"password": "p", "arn": ARN, "secret-name": "acme-shop-db-abc"}


@pytest.mark.parametrize(
    ("access", "actions"),
    [
        ("Read", {"DescribeSecret", "GetSecretValue"}),
        ("Write", {"DescribeSecret", "PutSecretValue"}),
        ("ReadWrite", {"DescribeSecret", "GetSecretValue", "PutSecretValue"}),
        (
            "Admin",
            {
                "DescribeSecret",
                "GetSecretValue",
                "PutSecretValue",
                "ListSecretVersionIds",
                "UpdateSecretVersionStage",
            },
        ),
    ],
)
def test_rights_are_those_of_the_access(access: Access, actions: set[str]) -> None:
    (statement,) = SERVICE.statements(SecretsManager(), PLACE, live(), access)
    assert {action.removeprefix("secretsmanager:") for action in statement.actions} == actions
    assert statement.resources == (ARN,)


def test_a_key_may_be_used_through_the_service_only() -> None:
    _, key = SERVICE.statements(SecretsManager(kms_key_id="alias/db"), PLACE, live(), "Read")
    assert key.actions == ("kms:Decrypt",)
    assert key.conditions is not None
    assert key.conditions["StringLike"] == {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com*"}


def test_values_are_read_only_of_what_a_cluster_owns() -> None:
    reading = [
        each for each in SERVICE.administration("acme-", "aws") if "secretsmanager:GetSecretValue" in each.actions
    ]
    assert len(reading) == 1
    assert reading[0].conditions == {"Null": {"aws:ResourceTag/trimtab.dev/cluster": "false"}}
    assert reading[0].resources == ("arn:aws:secretsmanager:*:*:secret:acme-*",)
