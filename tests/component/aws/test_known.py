"""A look at what is known: the same answer as a whole look's, for fewer calls, and none where it is gone."""

from dataclasses import replace
from typing import Any

import pytest

from trimtab.adapters.aws.services import KINDS
from trimtab.api.backing.dynamodb import DynamoDB, KeyAttribute, TimeToLive
from trimtab.api.backing.s3 import S3
from trimtab.api.backing.secretsmanager import SecretsManager
from trimtab.api.backing.sns import Sns, Subscription
from trimtab.api.backing.sqs import DeadLetter, Sqs
from trimtab.domain.binding.resource import Live, Resource

from .account import Account

ORDER = KeyAttribute(name="order", type="S")
EXPIRING = DynamoDB(partition_key=ORDER, ttl=TimeToLive(attribute="expires"), point_in_time_recovery=True)
LETTERS = Sqs(dead_letter=DeadLetter(max_receives=3))
TOPIC = Sns(subscriptions=(Subscription(binding="in"),))
CASES: list[tuple[str, Any, str, int, int]] = [
    ("queue", LETTERS, "queue", 3, 1),
    ("redrive allow", LETTERS, "redriveAllow", 2, 1),
    ("topic", TOPIC, "topic", 2, 1),
    ("subscription", TOPIC, "subscription-in", 2, 1),
    ("table", DynamoDB(partition_key=ORDER), "table", 2, 1),
    ("table with ttl and recovery", EXPIRING, "table", 4, 3),
    ("bucket", S3(), "bucket", 4, 2),
    ("bucket with versioning", S3(versioning=True), "bucket", 5, 3),
    ("secret", SecretsManager(), "secret", 1, 1),
]


@pytest.fixture
def account(account: Account) -> Account:
    """An account whose binding has a queue to deliver to."""
    account.client("sqs").create_queue(QueueName="in")
    account.place = replace(account.place, targets={"in": account.place.arn("sqs", "in")})
    return account


def looked(account: Account, resource: Resource, known: Live | None) -> tuple[Live | None, int]:
    """What a look finds, and the calls that it took."""
    calls = KINDS[resource.kind]
    client, sent = account.client(calls.service), list[str]()

    def note(event_name: str, **_: Any) -> None:
        sent.append(event_name)

    client.meta.events.register("before-send", note)
    try:
        return calls.look(client, resource, "", known), len(sent)
    finally:
        client.meta.events.unregister("before-send", note)


@pytest.mark.parametrize(
    ("spec", "key", "whole", "spared"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_known_is_found_alike_for_fewer_calls(
    account: Account, spec: Any, key: str, whole: int, spared: int
) -> None:
    account.create(spec)
    resource = account.resources(spec)[key]
    live, calls = looked(account, resource, None)
    assert live is not None
    assert calls == whole
    assert looked(account, resource, live) == (live, spared)


@pytest.mark.parametrize(("spec", "key"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_known_and_gone_is_not_found(account: Account, spec: Any, key: str) -> None:
    account.create(spec)
    resource = account.resources(spec)[key]
    live, _ = looked(account, resource, None)
    assert live is not None
    account.delete(resource, live)
    assert looked(account, resource, live)[0] is None
