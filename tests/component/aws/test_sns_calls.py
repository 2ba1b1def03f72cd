"""The calls of SNS against the emulator: what they make, a second look finds so."""

import json
from dataclasses import replace
from typing import Any

import pytest

from trimtab.api.backing.sns import Sns, Subscription
from trimtab.domain.binding.place import Sender
from trimtab.ports.cloud import CloudExistsError

from .account import TAGS, Account

PLAIN = Sns()
FIFO = Sns(fifo=True, content_based_deduplication=True)
ENCRYPTED = Sns(kms_key_id="alias/events")
IN = Subscription(binding="in")
FILTERED = Subscription(
    binding="in", filter={"order": {"total": [{"numeric": [">", 9]}]}}, filter_scope="MessageBody", raw=True
)
FULL = Sns(subscriptions=(FILTERED, Subscription(binding="audit", filter={"status": ["paid"]}, dead_letter="lost")))
BUCKET = Sender(principal="s3.amazonaws.com", arn="arn:aws:s3:::uploads")


@pytest.fixture
def account(account: Account) -> Account:
    """An account whose binding has queues to deliver to."""
    targets = {}
    for name in ("in", "audit", "lost"):
        account.client("sqs").create_queue(QueueName=name)
        targets[name] = account.place.arn("sqs", name)
    account.place = replace(account.place, targets=targets)
    return account


@pytest.mark.parametrize("spec", [PLAIN, FIFO, ENCRYPTED, FULL], ids=["plain", "fifo", "encrypted", "full"])
def test_what_is_made_is_what_is_asked_for(account: Account, spec: Sns) -> None:
    live = account.create(spec)["topic"]
    account.assert_settled(spec)
    assert live.tags == TAGS
    assert live.arn.endswith(".fifo") == spec.fifo


def test_a_topic_is_not_there_before_it_is_made_and_after_it_is_deleted(account: Account) -> None:
    topic = account.resources(PLAIN)["topic"]
    assert account.look(topic) is None
    live = account.create(PLAIN)["topic"]
    account.delete(topic)
    assert account.look(topic) is None
    account.delete(topic, live)


def test_a_topic_that_exists_with_other_tags_is_told_as_taken(account: Account) -> None:
    topic = account.resources(PLAIN)["topic"]
    account.client("sns").create_topic(Name=topic.name, Tags=[{"Key": "team", "Value": "shop"}])
    with pytest.raises(CloudExistsError):
        account.create_only(topic)


@pytest.mark.parametrize(
    ("spec", "attribute", "value", "setting"),
    [
        (FIFO, "ContentBasedDeduplication", "false", "contentBasedDeduplication"),
        (ENCRYPTED, "KmsMasterKeyId", "alias/other", "kmsKeyID"),
    ],
)
def test_a_change_of_the_topic_made_elsewhere_is_found_and_undone(
    account: Account, spec: Sns, attribute: str, value: str, setting: str
) -> None:
    live = account.create(spec)["topic"]
    account.client("sns").set_topic_attributes(TopicArn=live.arn, AttributeName=attribute, AttributeValue=value)
    assert account.change(account.resources(spec)["topic"]) == [frozenset({setting})]
    account.assert_settled(spec)


@pytest.mark.parametrize(
    ("attribute", "value", "setting"),
    [
        ("RawMessageDelivery", "false", "raw"),
        ("FilterPolicy", '{"order": {"total": [{"numeric": [">", 10]}]}}', "filter"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:lost"}', "deadLetter"),
    ],
)
def test_a_change_of_a_subscription_made_elsewhere_is_found_and_undone(
    account: Account, attribute: str, value: str, setting: str
) -> None:
    spec = Sns(subscriptions=(FILTERED.model_copy(update={"dead_letter": "audit"}),))
    live = account.create(spec)["subscription-in"]
    account.client("sns").set_subscription_attributes(
        SubscriptionArn=live.arn, AttributeName=attribute, AttributeValue=value
    )
    assert account.change(account.resources(spec)["subscription-in"]) == [frozenset({setting})]
    account.assert_settled(spec)


def test_what_left_the_spec_is_as_aws_has_it_by_itself(account: Account) -> None:
    account.create(
        ENCRYPTED.model_copy(update={"subscriptions": (FILTERED.model_copy(update={"dead_letter": "lost"}),)})
    )
    spec = Sns(subscriptions=(IN,))
    made = account.create(spec)
    account.assert_settled(spec)
    assert made["topic"].settings["kmsKeyID"] == ""
    assert made["subscription-in"].settings == {
        "filter": None,
        "filterScope": "MessageAttributes",
        "raw": False,
        "deadLetter": None,
    }


def test_a_dead_letter_queue_is_taken_away_without_a_value(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """SNS refuses an empty RedrivePolicy; it goes if no value is given."""
    account.create(Sns(subscriptions=(IN.model_copy(update={"dead_letter": "lost"}),)))
    client, asked = account.client("sns"), []
    send = client.set_subscription_attributes

    def noted(**given: Any) -> Any:
        asked.append(given)
        return send(**given)

    monkeypatch.setattr(client, "set_subscription_attributes", noted)
    account.change(account.resources(Sns(subscriptions=(IN,)))["subscription-in"])
    assert [(each["AttributeName"], "AttributeValue" in each) for each in asked] == [("RedrivePolicy", False)]


def test_what_is_published_arrives_in_the_queue(account: Account) -> None:
    live = account.create(Sns(subscriptions=(FILTERED,)))["topic"]
    for total in (5, 10):
        account.client("sns").publish(TopicArn=live.arn, Message=json.dumps({"order": {"total": total}}))
    client = account.client("sqs")
    url = client.get_queue_url(QueueName="in")["QueueUrl"]
    found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(each["Body"]) for each in found] == [{"order": {"total": 10}}]


def test_a_subscription_is_found_among_many(account: Account, aws: Any) -> None:
    made = account.create(Sns(subscriptions=(IN, Subscription(binding="audit"))))
    with aws.pages_of(1):
        for key, queue in (("subscription-in", "in"), ("subscription-audit", "audit")):
            resource = account.resources(Sns(subscriptions=(IN, Subscription(binding="audit"))))[key]
            live = account.found(resource)
            assert live.arn == made[key].arn
            assert resource.address["queue"].endswith(f":{queue}")


def test_a_subscription_is_taken_away(account: Account) -> None:
    spec = Sns(subscriptions=(IN,))
    made = account.create(spec)
    subscription = account.resources(spec)["subscription-in"]
    account.delete(subscription)
    assert account.look(subscription) is None
    account.delete(subscription, made["subscription-in"])


def test_a_subscription_of_no_topic_is_not_there(account: Account) -> None:
    assert account.look(account.resources(Sns(subscriptions=(IN,)))["subscription-in"]) is None


def test_senders_are_let_in_beside_those_that_others_let_in(account: Account) -> None:
    live = account.create(PLAIN)["topic"]
    client = account.client("sns")
    before = json.loads(client.get_topic_attributes(TopicArn=live.arn)["Attributes"]["Policy"])["Statement"]
    account.place = replace(account.place, senders=(BUCKET,))
    assert account.change(account.resources(PLAIN)["topic"]) == [frozenset({"access"})]
    account.assert_settled(PLAIN)
    account.place = replace(account.place, senders=())
    account.change(account.resources(PLAIN)["topic"])
    account.assert_settled(PLAIN)
    assert json.loads(client.get_topic_attributes(TopicArn=live.arn)["Attributes"]["Policy"])["Statement"] == before


def test_foreign_tags_stay(account: Account) -> None:
    live = account.create(PLAIN)["topic"]
    topic = account.resources(PLAIN)["topic"]
    account.client("sns").tag_resource(ResourceArn=live.arn, Tags=[{"Key": "team", "Value": "shop"}])
    account.tag(topic, **{"trimtab.dev/uid": "u2"})
    assert account.found(topic).tags == {**TAGS, "trimtab.dev/uid": "u2", "team": "shop"}
    account.untag(topic, *TAGS)
    assert account.found(topic).tags == {"team": "shop"}


def test_a_topic_to_take_over_is_found_by_its_arn(account: Account) -> None:
    arn = account.client("sns").create_topic(Name="made-by-hand")["TopicArn"]
    live = account.look(account.resources(PLAIN)["topic"], arn=arn)
    assert live is not None
    assert live.arn == arn
