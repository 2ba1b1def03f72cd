"""S3: what a binding asks for, gives to its workload, and lets it do."""

from dataclasses import replace
from itertools import chain

import pytest

from trimtab.api.backing.s3 import S3, LifecycleRule, Notification, Transition
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live
from trimtab.domain.binding.service import Statement, Target
from trimtab.domain.binding.services.s3 import SERVICE

PLACE = Place(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    cluster="c1",
    prefix="acme-",
    namespace="shop",
    name="uploads",
    uid="u1",
)
ARN = "arn:aws:s3:::acme-uploads"
LIVE = {"bucket": Live(handle="acme-uploads", arn=ARN)}


def actions(statements: tuple[Statement, ...]) -> set[str]:
    return set(chain.from_iterable(each.actions for each in statements))


def test_only_what_the_user_set_is_compared_beside_what_keeps_it_safe() -> None:
    (bucket,) = SERVICE.resources(S3(), PLACE)
    assert set(bucket.settings) == {"publicAccessBlock", "access"}
    assert (bucket.data, bucket.late_tags) == (True, True)


def test_each_setting_is_a_call_of_its_own() -> None:
    (bucket,) = SERVICE.resources(S3(versioning=True), PLACE)
    assert set(bucket.groups.values()) == set(bucket.settings)


def test_the_same_binding_in_another_account_has_another_name() -> None:
    (here,) = SERVICE.resources(S3(), PLACE)
    (there,) = SERVICE.resources(S3(), replace(PLACE, account="210987654321"))
    (again,) = SERVICE.resources(S3(), replace(PLACE, cluster="c2", uid="u2"))
    assert here.name != there.name
    assert here.name == again.name


def test_the_longest_name_fits() -> None:
    place = replace(PLACE, prefix="p" * 23 + "-", namespace="n" * 63, name="b" * 50)
    (bucket,) = SERVICE.resources(S3(), place)
    assert len(bucket.name) <= 63


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Target(member="dynamodb"), "spec.s3.notifications[1].binding: in is of dynamodb; name the "),
        (Target(member="sqs", fifo=True), "spec.s3.notifications[1].binding: in is FIFO; name the "),
        (Target(member="sns", fifo=True), "spec.s3.notifications[1].binding: in is FIFO; name the "),
        (Target(member="sqs"), ""),
        (Target(member="sns"), ""),
    ],
)
def test_only_queues_and_topics_are_told_and_none_that_is_fifo(target: Target, told: str) -> None:
    spec = S3(notifications=(Notification(name="a", binding="good"), Notification(name="b", binding="in")))
    found = SERVICE.problem(spec, {"good": Target(member="sqs"), "in": target})
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_rules_are_compared_by_name_and_value() -> None:
    moves = (Transition(days=90, storage_class="GlacierIR"), Transition(days=30, storage_class="StandardIA"))
    (bucket,) = SERVICE.resources(
        S3(lifecycle=(LifecycleRule(name="old", expiration_days=9, transitions=moves),)), PLACE
    )
    assert bucket.settings["lifecycle"] == {
        "old": {
            "prefix": "",
            "expirationDays": 9,
            "transitions": [{"days": 90, "storageClass": "GlacierIR"}, {"days": 30, "storageClass": "StandardIA"}],
        }
    }


def test_it_delivers_to_the_bindings_that_it_names() -> None:
    spec = S3(notifications=(Notification(name="made", binding="in"), Notification(name="gone", binding="in")))
    assert spec.targets == ("in",)
    place = replace(PLACE, targets={"in": "arn:aws:sqs:eu-central-1:123456789012:in"})
    (bucket,) = SERVICE.resources(spec, place)
    assert {each["target"] for each in bucket.settings["notifications"].values()} == set(place.targets.values())


def test_a_workload_finds_the_bucket_by_its_name() -> None:
    expected = {"arn": ARN, "bucket": "acme-uploads", "uri": "s3://acme-uploads"}
    assert SERVICE.projection(S3(), PLACE, LIVE) == expected


@pytest.mark.parametrize(
    ("access", "may", "may_not"),
    [
        ("Read", {"s3:GetObject", "s3:ListBucket"}, {"s3:PutObject", "s3:DeleteObject"}),
        ("Write", {"s3:PutObject", "s3:DeleteObject"}, {"s3:GetObject", "s3:ListBucket"}),
        ("ReadWrite", {"s3:PutObject", "s3:GetObject"}, {"s3:DeleteObjectVersion", "s3:DeleteBucket"}),
        ("Admin", {"s3:DeleteObjectVersion", "s3:PutObject"}, {"s3:DeleteBucket", "s3:PutBucketPolicy"}),
    ],
)
def test_access_is_the_least_that_is_needed(access: str, may: set[str], may_not: set[str]) -> None:
    statements = SERVICE.statements(S3(), PLACE, LIVE, access)  # type: ignore[arg-type]
    assert may <= actions(statements)
    assert not may_not & actions(statements)
    assert {resource for each in statements for resource in each.resources} == {ARN, f"{ARN}/*"}


def test_the_operator_reaches_no_bucket_outside_its_prefix_and_no_object() -> None:
    statements = SERVICE.administration("acme-", "aws")
    assert {each.resources for each in statements} == {("arn:aws:s3:::acme-*",)}
    assert not any("Object" in action for action in actions(statements))
