"""The calls of Secrets Manager against the emulator: a value is made once, and its owner can undo a deletion."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.aws import Aws

from trimtab.adapters.aws.services import KINDS
from trimtab.api.backing.secretsmanager import Generate, SecretsManager
from trimtab.domain.binding.resource import Resource, State
from trimtab.ports.cloud import CloudBusyError

from .account import TAGS, Account, place

OWNER = {**TAGS, "trimtab.dev/namespace": "shop", "trimtab.dev/binding": "orders"}
PASSWORD = Generate(length=24, exclude_punctuation=True, template={"username": "orders"})
PLAIN = SecretsManager()
GENERATED = SecretsManager(description="of orders", kms_key_id="alias/orders", generate=PASSWORD, project="Value")


def value(aws: Aws, name: str) -> Any:
    return json.loads(aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def make(account: Account, secret: Resource, tags: Mapping[str, str] = TAGS) -> None:
    KINDS[secret.kind].create(account.client("secretsmanager"), secret, tags)


def versions(aws: Aws, name: str) -> int:
    return len(aws.client("secretsmanager").describe_secret(SecretId=name).get("VersionIdsToStages", {}))


@pytest.mark.parametrize("spec", [PLAIN, GENERATED])
def test_what_is_made_is_what_is_asked_for(account: Account, spec: SecretsManager) -> None:
    made = account.create(spec)
    account.assert_settled(spec)
    assert made["secret"].tags == TAGS
    assert made["secret"].state is State.ACTIVE


def test_a_value_is_made_of_template_and_random_characters(aws: Aws, account: Account) -> None:
    made = account.create(GENERATED)["secret"]
    found = value(aws, made.arn)
    assert found["username"] == "orders"
    assert len(found["password"]) == 24
    assert found["password"].isalnum()
    assert made.outputs == found


def test_a_value_that_is_not_projected_is_not_read(account: Account) -> None:
    made = account.create(SecretsManager(generate=PASSWORD))["secret"]
    assert made.outputs == {}


def test_the_value_of_what_no_cluster_owns_is_not_read(aws: Aws, account: Account) -> None:
    """Nor has the role a right to it: what is to be taken over is looked at before it gets its tags."""
    secret = account.resources(GENERATED)["secret"]
    client = aws.client("secretsmanager")
    arn = client.create_secret(Name=secret.name, SecretString='{"password": "theirs"}')["ARN"]
    assert account.found(secret).outputs == {}
    client.tag_resource(SecretId=arn, Tags=[{"Key": key, "Value": value} for key, value in TAGS.items()])
    assert account.found(secret).outputs == {"password": "theirs"}


def test_no_value_is_in_the_text_of_what_was_found(account: Account) -> None:
    made = account.create(GENERATED)["secret"]
    assert made.outputs["password"] not in repr(made)


def test_a_repeated_creation_makes_no_second_value(aws: Aws, account: Account) -> None:
    made = account.create(GENERATED)["secret"]
    before = value(aws, made.arn)
    secret = account.resources(GENERATED)["secret"]
    with pytest.raises(aws.client("secretsmanager").exceptions.ResourceExistsException):
        make(account, secret)
    assert value(aws, made.arn) == before
    assert versions(aws, made.arn) == 1


def test_a_change_makes_no_version(aws: Aws, account: Account) -> None:
    before = value(aws, account.create(GENERATED)["secret"].arn)
    changed = GENERATED.model_copy(update={"description": "of all orders", "kms_key_id": "alias/other"})
    made = account.create(changed)["secret"]
    account.assert_settled(changed)
    assert value(aws, made.arn) == before


def test_what_left_the_spec_becomes_what_it_was(account: Account) -> None:
    account.create(GENERATED)
    account.place = replace(account.place, applied={"secret": {"description", "kmsKeyID"}})
    (secret,) = account.resources(PLAIN).values()
    assert account.change(secret) == [frozenset({"description", "kmsKeyID"})]
    account.assert_settled(PLAIN)


def test_a_secret_without_a_value_is_not_ready_if_it_is_to_be_projected(aws: Aws, account: Account) -> None:
    spec = SecretsManager(project="Value")
    made = account.create(spec)["secret"]
    assert made.state is State.CREATING
    aws.client("secretsmanager").put_secret_value(SecretId=made.arn, SecretString="opaque")
    found = account.found(account.resources(spec)["secret"])
    assert (found.state, found.outputs) == (State.ACTIVE, {"value": "opaque"})


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ('{"port": 5432, "host": "db"}', {"port": "5432", "host": "db"}),
        ('["a"]', {"value": '["a"]'}),
        ("3", {"value": "3"}),
    ],
)
def test_members_of_a_json_object_become_texts(aws: Aws, account: Account, text: str, outputs: dict[str, str]) -> None:
    made = account.create(GENERATED)["secret"]
    aws.client("secretsmanager").put_secret_value(SecretId=made.arn, SecretString=text)
    assert account.found(account.resources(GENERATED)["secret"]).outputs == outputs


@pytest.mark.parametrize("suffix", ["key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/orders"])
def test_a_key_is_the_same_however_it_is_spelt(aws: Aws, account: Account, suffix: str) -> None:
    arn = f"arn:aws:kms:eu-central-1:123456789012:{suffix}"
    made = account.create(SecretsManager(kms_key_id=suffix.removeprefix("key/")))["secret"]
    aws.client("secretsmanager").update_secret(SecretId=made.arn, KmsKeyId=arn)
    account.assert_settled(SecretsManager(kms_key_id=suffix.removeprefix("key/")))


def test_deletion_leaves_a_window_and_gives_nothing_to_see(aws: Aws, account: Account) -> None:
    spec = SecretsManager(generate=PASSWORD, recovery_window="169h")
    made = account.create(spec)["secret"]
    secret = account.resources(spec)["secret"]
    for _ in range(2):
        account.delete(secret, made)
    assert account.look(secret) is None
    found = aws.client("secretsmanager").describe_secret(SecretId=made.arn)
    assert (found["DeletedDate"] - found["LastChangedDate"]).days == 8


def test_deletion_of_what_is_gone_is_a_success(aws: Aws, account: Account) -> None:
    made = account.create(PLAIN)["secret"]
    aws.client("secretsmanager").delete_secret(SecretId=made.arn, ForceDeleteWithoutRecovery=True)
    account.delete(account.resources(PLAIN)["secret"], made)


def test_the_same_binding_gets_its_secret_back_with_the_old_value(aws: Aws, account: Account) -> None:
    secret = account.resources(GENERATED)["secret"]
    make(account, secret, OWNER)
    before = value(aws, secret.name)
    account.delete(secret)
    make(account, secret, {**OWNER, "trimtab.dev/uid": "u2"})
    assert value(aws, secret.name) == before
    assert account.found(secret).tags == {**OWNER, "trimtab.dev/uid": "u2"}


@pytest.mark.parametrize("other", [{**OWNER, "trimtab.dev/cluster": "c2"}, {**OWNER, "trimtab.dev/namespace": "x"}, {}])
def test_a_name_in_somebody_elses_window_is_not_taken(account: Account, other: dict[str, str]) -> None:
    secret = account.resources(GENERATED)["secret"]
    make(account, secret, other)
    account.delete(secret)
    with pytest.raises(CloudBusyError, match=r"restore and adopt it, delete it at once .*, or wait"):
        make(account, secret, OWNER)
    assert account.look(secret) is None


def test_tags_of_others_stay(aws: Aws, account: Account) -> None:
    made = account.create(PLAIN)["secret"]
    secret = account.resources(PLAIN)["secret"]
    aws.client("secretsmanager").tag_resource(SecretId=made.arn, Tags=[{"Key": "team", "Value": "shop"}])
    account.tag(secret, **{"trimtab.dev/retained": "now"})
    account.untag(secret, "trimtab.dev/uid")
    assert account.found(secret).tags == {"trimtab.dev/cluster": "c1", "trimtab.dev/retained": "now", "team": "shop"}


def test_an_arn_finds_a_secret_of_another_name(aws: Aws, account: Account) -> None:
    arn = aws.client("secretsmanager").create_secret(Name="legacy/db", SecretString="x")["ARN"]
    live = account.look(account.resources(PLAIN)["secret"], arn=arn)
    assert live is not None
    assert live.arn == arn


def test_a_long_name_fits() -> None:
    assert len(place("b" * 50).external("secret", limit=512)) <= 512
