"""SQS: what a binding asks for, gives to its workload, and lets it do."""

from dataclasses import replace
from itertools import chain

import pytest

from trimtab.api.backing.sqs import DeadLetter, Sqs
from trimtab.domain.binding.place import Place, Sender
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.service import Statement
from trimtab.domain.binding.services.sqs import SERVICE

PLACE = Place(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    cluster="c1",
    prefix="acme-",
    namespace="shop",
    name="orders",
    uid="u1",
)
WITH_LETTERS = Sqs(dead_letter=DeadLetter(max_receives=5))
QUEUE = Live(handle="https://sqs/1/orders", arn="arn:aws:sqs:eu-central-1:123456789012:orders")
LETTERS = Live(handle="https://sqs/1/letters", arn="arn:aws:sqs:eu-central-1:123456789012:letters")
LIVE = {"queue": QUEUE, "deadLetter": LETTERS}


def actions(statements: tuple[Statement, ...]) -> set[str]:
    return set(chain.from_iterable(each.actions for each in statements))


def test_only_what_the_user_set_is_compared_beside_what_keeps_it_safe() -> None:
    (queue,) = SERVICE.resources(Sqs(), PLACE)
    assert queue.settings == {"fifo": False, "encrypted": True, "access": []}


def test_the_key_is_compared_only_if_it_is_asked_for_or_was() -> None:
    for spec, applied, expected in (
        (Sqs(), {}, None),
        (Sqs(kms_key_id="alias/orders"), {}, "alias/orders"),
        (Sqs(), {"queue": {"kmsKeyID"}, "deadLetter": {"kmsKeyID"}}, "SSE-SQS"),
    ):
        with_letters = spec.model_copy(update={"dead_letter": DeadLetter(max_receives=5)})
        letters, queue, _ = SERVICE.resources(with_letters, replace(PLACE, applied=applied))
        assert {each.settings.get("kmsKeyID") for each in (letters, queue)} == {expected}
        assert ("encrypted" in queue.settings) == (expected is None)


def test_durations_are_seconds() -> None:
    (queue,) = SERVICE.resources(Sqs(visibility_timeout="2m30s", retention="336h"), PLACE)
    assert (queue.settings["visibilityTimeout"], queue.settings["retention"]) == (150, 1209600)


def test_a_dead_letter_queue_is_made_before_the_queue_and_allowed_after_it() -> None:
    letters, queue, allow = SERVICE.resources(WITH_LETTERS, PLACE)
    assert [each.key for each in (letters, queue, allow)] == ["deadLetter", "queue", "redriveAllow"]
    assert queue.settings["deadLetter"] == {
        "deadLetterTargetArn": f"arn:aws:sqs:eu-central-1:123456789012:{letters.name}",
        "maxReceiveCount": 5,
    }
    assert (allow.parent, allow.name) == ("deadLetter", letters.name)


def test_a_dead_letter_queue_is_of_the_same_type_and_encryption() -> None:
    spec = Sqs(fifo=True, kms_key_id="alias/orders", dead_letter=DeadLetter(max_receives=1))
    letters, queue, _ = SERVICE.resources(spec, PLACE)
    assert letters.name.endswith(".fifo")
    assert {letters.settings["fifo"], queue.settings["fifo"]} == {True}
    assert {letters.settings["kmsKeyID"], queue.settings["kmsKeyID"]} == {"alias/orders"}


def test_recorded_names_win_everywhere() -> None:
    place = Place(
        **{name: getattr(PLACE, name) for name in PLACE.__slots__} | {"recorded": {"queue": "a", "deadLetter": "b"}}
    )
    letters, queue, allow = SERVICE.resources(WITH_LETTERS, place)
    assert (letters.name, queue.name, allow.name) == ("b", "a", "b")
    assert queue.settings["deadLetter"]["deadLetterTargetArn"].endswith(":b")
    assert allow.settings["redriveAllow"]["sourceQueueArns"] == ["arn:aws:sqs:eu-central-1:123456789012:a"]


@pytest.mark.parametrize("fifo", [False, True])
def test_the_longest_names_fit(fifo: bool) -> None:
    place = Place(
        **{name: getattr(PLACE, name) for name in PLACE.__slots__}
        | {"prefix": "p" * 23 + "-", "namespace": "n" * 63, "name": "b" * 50}
    )
    spec = Sqs(fifo=fifo, dead_letter=DeadLetter(max_receives=1))
    names = {each.name for each in SERVICE.resources(spec, place) if not each.parent}
    assert len(names) == 2
    assert all(len(name) <= 80 and name.startswith(place.prefix) for name in names)


def test_each_sender_is_let_in_for_its_own_resource_only() -> None:
    topic = Sender(principal="sns.amazonaws.com", arn="arn:aws:sns:eu-central-1:123456789012:events")
    bucket = Sender(principal="s3.amazonaws.com", arn="arn:aws:s3:::uploads")
    place = Place(**{name: getattr(PLACE, name) for name in PLACE.__slots__} | {"senders": (topic, bucket)})
    (queue,) = SERVICE.resources(Sqs(), place)
    by_principal = {each["Principal"]["Service"]: each["Condition"] for each in queue.settings["access"]}
    assert by_principal == {
        "sns.amazonaws.com": {"ArnEquals": {"aws:SourceArn": topic.arn}},
        "s3.amazonaws.com": {
            "ArnEquals": {"aws:SourceArn": bucket.arn},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        },
    }


def test_a_workload_finds_the_queue_by_its_url() -> None:
    assert SERVICE.projection(WITH_LETTERS, PLACE, LIVE) == {
        "arn": QUEUE.arn,
        "uri": QUEUE.handle,
        "queue-url": QUEUE.handle,
        "queue-name": "orders",
        "dead-letter-url": LETTERS.handle,
        "dead-letter-arn": LETTERS.arn,
    }


@pytest.mark.parametrize(
    ("access", "may", "may_not"),
    [
        ("Read", {"sqs:ReceiveMessage", "sqs:DeleteMessage"}, {"sqs:SendMessage", "sqs:PurgeQueue"}),
        ("Write", {"sqs:SendMessage"}, {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue"}),
        ("ReadWrite", {"sqs:SendMessage", "sqs:ReceiveMessage"}, {"sqs:PurgeQueue", "sqs:DeleteQueue"}),
        ("Admin", {"sqs:SendMessage", "sqs:PurgeQueue", "sqs:StartMessageMoveTask"}, {"sqs:DeleteQueue"}),
    ],
)
def test_access_is_the_least_that_is_needed(access: str, may: set[str], may_not: set[str]) -> None:
    statements = SERVICE.statements(WITH_LETTERS, PLACE, LIVE, access)  # type: ignore[arg-type]
    assert may <= actions(statements)
    assert not may_not & actions(statements)
    letters = any(LETTERS.arn in each.resources for each in statements)
    assert letters == (access == "Admin")


def test_a_key_of_kms_may_be_used_through_the_queue_only() -> None:
    spec = Sqs(kms_key_id="alias/orders")
    read, write = (SERVICE.statements(spec, PLACE, LIVE, access)[1:] for access in ("Read", "Write"))
    assert actions(read) == {"kms:Decrypt"}
    assert actions(write) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert write[0].conditions == {
        "StringLike": {"kms:ViaService": "sqs.eu-central-1.amazonaws.com*"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/orders"},
    }


@pytest.mark.parametrize("statement", SERVICE.administration("acme-", "aws-cn"))
def test_the_operator_reaches_no_queue_outside_its_prefix(statement: Statement) -> None:
    assert statement.resources == ("arn:aws-cn:sqs:*:*:acme-*",)
