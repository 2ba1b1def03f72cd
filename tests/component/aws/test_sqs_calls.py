"""The calls of SQS against the emulator: what they make, a second look finds so."""

import json

import pytest

from trimtab.api.backing.sqs import DeadLetter, Sqs
from trimtab.domain.binding.place import Sender

from .account import TAGS, Account, place

FULL = Sqs(
    visibility_timeout="45s",
    retention="24h",
    delay="5s",
    receive_wait="20s",
    maximum_message_size=65536,
    dead_letter=DeadLetter(max_receives=3, retention="48h"),
)
FIFO = Sqs(fifo=True, content_based_deduplication=True, dead_letter=DeadLetter(max_receives=3))
SPECS = {"plain": Sqs(), "full": FULL, "fifo": FIFO, "kms": Sqs(kms_key_id="alias/orders")}
TOPIC = Sender(principal="sns.amazonaws.com", arn="arn:aws:sns:eu-central-1:123456789012:acme-shop-events")


@pytest.mark.parametrize("name", SPECS)
def test_what_is_made_is_what_is_asked_for(account: Account, name: str) -> None:
    made = account.create(SPECS[name])
    account.assert_settled(SPECS[name])
    assert made["queue"].tags == TAGS
    assert made["queue"].empty is True


def test_a_queue_is_not_there_before_it_is_made_and_after_it_is_deleted(account: Account) -> None:
    queue = account.resources(Sqs())["queue"]
    assert account.look(queue) is None
    live = account.create(Sqs())["queue"]
    account.delete(queue)
    assert account.look(queue) is None
    account.delete(queue, live)


@pytest.mark.parametrize(
    ("attribute", "value", "setting"),
    [
        ("VisibilityTimeout", "46", "visibilityTimeout"),
        ("MessageRetentionPeriod", "61", "retention"),
        ("DelaySeconds", "1", "delay"),
        ("ReceiveMessageWaitTimeSeconds", "1", "receiveWait"),
        ("MaximumMessageSize", "2048", "maximumMessageSize"),
        ("RedrivePolicy", "", "deadLetter"),
        ("SqsManagedSseEnabled", "false", "encrypted"),
    ],
)
def test_a_change_made_elsewhere_is_found_and_undone(
    account: Account, attribute: str, value: str, setting: str
) -> None:
    live = account.create(FULL)["queue"]
    account.client("sqs").set_queue_attributes(QueueUrl=live.handle, Attributes={attribute: value})
    queue = account.resources(FULL)["queue"]
    assert account.change(queue) == [frozenset({setting})]
    account.assert_settled(FULL)


def test_a_key_that_is_asked_for_is_set_again(account: Account) -> None:
    live = account.create(SPECS["kms"])["queue"]
    client = account.client("sqs")
    client.set_queue_attributes(QueueUrl=live.handle, Attributes={"KmsMasterKeyId": "alias/other"})
    assert account.change(account.resources(SPECS["kms"])["queue"]) == [frozenset({"kmsKeyID"})]
    account.assert_settled(SPECS["kms"])


@pytest.mark.parametrize(
    ("attributes", "changed"),
    [
        ({"KmsMasterKeyId": "alias/theirs"}, []),
        ({"SqsManagedSseEnabled": "true"}, []),
        ({"SqsManagedSseEnabled": "false"}, [frozenset({"encrypted"})]),
    ],
    ids=["a customer's key", "a key of SQS", "not at all"],
)
def test_what_is_taken_over_keeps_its_key_and_is_encrypted_if_it_was_not(
    account: Account, attributes: dict[str, str], changed: list[frozenset[str]]
) -> None:
    client = account.client("sqs")
    url = client.create_queue(QueueName="legacy", Attributes=attributes)["QueueUrl"]
    account.place = place(recorded={"queue": "legacy"})
    assert account.change(account.resources(Sqs())["queue"]) == changed
    account.assert_settled(Sqs())
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found.get("KmsMasterKeyId", "") == attributes.get("KmsMasterKeyId", "")
    assert "KmsMasterKeyId" in found or found["SqsManagedSseEnabled"] == "true"


def test_fifo_queues_are_told_from_others(account: Account) -> None:
    fifo, plain = account.create(FIFO)["queue"], Account(account._aws, place("plain")).create(Sqs())["queue"]
    assert (fifo.settings["fifo"], plain.settings["fifo"]) == (True, False)
    assert fifo.arn.endswith(".fifo")


def test_a_dead_letter_queue_may_be_named_by_its_queue_only(account: Account) -> None:
    made = account.create(FULL)
    allowed = account.client("sqs").get_queue_attributes(
        QueueUrl=made["deadLetter"].handle, AttributeNames=["RedriveAllowPolicy"]
    )["Attributes"]["RedriveAllowPolicy"]
    assert json.loads(allowed) == {"redrivePermission": "byQueue", "sourceQueueArns": [made["queue"].arn]}


def test_what_left_the_spec_is_as_aws_has_it_by_itself(account: Account) -> None:
    account.create(FULL)
    live = account.create(Sqs())["queue"]
    account.assert_settled(Sqs())
    assert live.settings["deadLetter"] is None
    assert live.settings["visibilityTimeout"] == 30


def test_senders_are_let_in_beside_those_that_others_let_in(account: Account) -> None:
    live = account.create(Sqs())["queue"]
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": live.arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [foreign]})
    account.client("sqs").set_queue_attributes(QueueUrl=live.handle, Attributes={"Policy": document})
    account.assert_settled(Sqs())
    account.place = place(senders=(TOPIC,))
    queue = account.resources(Sqs())["queue"]
    assert account.change(queue) == [frozenset({"access"})]
    account.assert_settled(Sqs())
    account.place = place()
    account.change(account.resources(Sqs())["queue"])
    left = account.client("sqs").get_queue_attributes(QueueUrl=live.handle, AttributeNames=["Policy"])
    assert json.loads(left["Attributes"]["Policy"])["Statement"] == [foreign]


def test_foreign_tags_stay(account: Account) -> None:
    live = account.create(Sqs())["queue"]
    queue = account.resources(Sqs())["queue"]
    account.client("sqs").tag_queue(QueueUrl=live.handle, Tags={"team": "shop"})
    account.tag(queue, **{"trimtab.dev/uid": "u2"})
    assert account.found(queue).tags == {**TAGS, "trimtab.dev/uid": "u2", "team": "shop"}
    account.untag(queue, "trimtab.dev/uid", "trimtab.dev/cluster")
    assert account.found(queue).tags == {"team": "shop"}


@pytest.mark.parametrize("hidden", [False, True])
def test_a_queue_with_a_message_is_not_empty(account: Account, hidden: bool) -> None:
    live = account.create(Sqs())["queue"]
    client = account.client("sqs")
    client.send_message(QueueUrl=live.handle, MessageBody="one")
    if hidden:
        client.receive_message(QueueUrl=live.handle)
    assert account.found(account.resources(Sqs())["queue"]).empty is False


def test_a_queue_to_take_over_is_found_by_its_arn(account: Account) -> None:
    url = account.client("sqs").create_queue(QueueName="made-by-hand")["QueueUrl"]
    arn = f"arn:aws:sqs:{account.place.region}:{account.place.account}:made-by-hand"
    live = account.look(account.resources(Sqs())["queue"], arn=arn)
    assert live is not None
    assert (live.handle, live.arn) == (url, arn)
