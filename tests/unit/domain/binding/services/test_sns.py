"""SNS: what a binding asks for, gives to its workload, and lets it do."""

from itertools import chain

import pytest

from trimtab.api.backing.sns import Sns, Subscription
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.service import Statement, Target
from trimtab.domain.binding.services.sns import SERVICE

PLACE = Place(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    cluster="c1",
    prefix="acme-",
    namespace="shop",
    name="events",
    uid="u1",
    targets={
        "in": "arn:aws:sqs:eu-central-1:123456789012:in",
        "lost": "arn:aws:sqs:eu-central-1:123456789012:lost",
    },
)
ARN = "arn:aws:sns:eu-central-1:123456789012:events"
LIVE = {"topic": Live(handle=ARN, arn=ARN)}
SUBSCRIBED = Sns(subscriptions=(Subscription(binding="in", filter={"status": ["paid"]}, dead_letter="lost"),))


def actions(statements: tuple[Statement, ...]) -> set[str]:
    return set(chain.from_iterable(each.actions for each in statements))


def test_only_what_the_user_set_is_compared() -> None:
    (topic,) = SERVICE.resources(Sns(), PLACE)
    assert topic.settings == {"fifo": False, "access": []}
    assert topic.data is False


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ({"in": Target(member="dynamodb")}, "spec.sns.subscriptions[0].binding: in is of dynamodb; name the "),
        ({"in": Target(member="sns")}, "spec.sns.subscriptions[0].binding: in is of sns; name the "),
        ({"lost": Target(member="s3")}, "spec.sns.subscriptions[0].deadLetter: lost is of s3; name the "),
        ({"in": Target(member="sqs", fifo=True)}, "spec.sns.subscriptions[0].binding: in is FIFO, and the topic is "),
        ({"in": Target(member="sqs"), "lost": Target(member="sqs", fifo=True)}, ""),
        ({}, ""),
    ],
)
def test_only_queues_are_delivered_to(targets: dict[str, Target], told: str) -> None:
    found = SERVICE.problem(SUBSCRIBED, targets)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_a_fifo_topic_delivers_to_queues_of_either_kind() -> None:
    fifo = SUBSCRIBED.model_copy(update={"fifo": True})
    assert SERVICE.problem(fifo, {"in": Target(member="sqs", fifo=True)}) == ""
    assert SERVICE.problem(fifo, {"in": Target(member="sqs")}) == ""


def test_subscriptions_are_parts_of_the_topic() -> None:
    topic, subscription = SERVICE.resources(SUBSCRIBED, PLACE)
    assert (subscription.key, subscription.parent, subscription.name) == ("subscription-in", "topic", topic.name)
    assert subscription.address == {"topic": topic.address["arn"], "queue": PLACE.targets["in"]}
    assert subscription.settings == {
        "filter": {"status": ["paid"]},
        "raw": False,
        "deadLetter": PLACE.targets["lost"],
    }


def test_it_delivers_to_queues_and_to_those_for_what_is_lost() -> None:
    assert SUBSCRIBED.targets == ("in", "lost")


def test_a_workload_finds_the_topic_by_its_arn() -> None:
    assert SERVICE.projection(Sns(), PLACE, LIVE) == {"arn": ARN, "topic-arn": ARN, "topic-name": "events"}


@pytest.mark.parametrize(
    ("access", "may", "may_not"),
    [
        ("Read", {"sns:GetTopicAttributes"}, {"sns:Publish", "sns:Subscribe"}),
        ("Write", {"sns:Publish"}, {"sns:Subscribe", "sns:ListSubscriptionsByTopic"}),
        ("Admin", {"sns:Publish", "sns:Subscribe"}, {"sns:DeleteTopic", "sns:SetTopicAttributes"}),
    ],
)
def test_access_is_the_least_that_is_needed(access: str, may: set[str], may_not: set[str]) -> None:
    statements = SERVICE.statements(Sns(), PLACE, LIVE, access)  # type: ignore[arg-type]
    assert may <= actions(statements)
    assert not may_not & actions(statements)
    assert {resource for each in statements for resource in each.resources} == {ARN}


def test_a_key_of_another_region_or_account_is_named_as_it_is() -> None:
    key = "arn:aws:kms:eu-central-1:210987654321:key/1234abcd"
    statement = SERVICE.statements(Sns(kms_key_id=key), PLACE, LIVE, "Write")[-1]
    assert statement.resources == (key,)


def test_the_operator_reaches_no_topic_outside_its_prefix() -> None:
    about_topics = SERVICE.administration("acme-", "aws")[:-1]
    assert {each.resources for each in about_topics} == {("arn:aws:sns:*:*:acme-*",)}
