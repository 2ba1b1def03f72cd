"""What a grant covers: names below the prefix, in its account and region, and the one that is taken over."""

import pytest

from trimtab.domain.binding.grant import Grant, admits
from trimtab.domain.binding.resource import Resource

ADOPTED = "arn:aws:dynamodb:eu-central-1:123456789012:table/legacy"


def grant(*, adoptable: tuple[str, ...] = (), adopted: str = "") -> Grant:
    return Grant(
        policy="shop",
        role_arn="arn:aws:iam::123456789012:role/trimtab/shop",
        external_id="",
        region="eu-central-1",
        cluster="cluster",
        namespace="shop",
        services=frozenset({"sqs", "dynamodb", "sns"}),
        prefix="shop-",
        adoptable=adoptable,
        adopted=adopted,
    )


def resource(name: str, kind: str = "sqs/queue") -> Resource:
    return Resource(kind=kind, key="it", name=name)


def test_names_below_the_prefix_are_covered_and_others_are_not() -> None:
    assert grant().covers(resource("shop-orders"))
    assert not grant().covers(resource("orders"))
    assert not grant().covers(resource("shop-orders", kind="s3/bucket"))


@pytest.mark.parametrize(
    ("arn", "covered"),
    [
        ("arn:aws:sqs:eu-central-1:123456789012:shop-orders", True),
        ("arn:aws:sns:eu-central-1:123456789012:shop-orders:0f0f", True),
        ("arn:aws:s3:::shop-orders", True),
        ("arn:aws:sqs:eu-central-1:123456789012:billing-orders", False),
        ("arn:aws:sqs:eu-central-1:999999999999:shop-orders", False),
        ("arn:aws:sqs:us-east-1:123456789012:shop-orders", False),
        ("nonsense", False),
    ],
)
def test_an_arn_must_be_of_our_account_region_and_prefix(arn: str, covered: bool) -> None:
    assert grant().covers(resource("shop-orders"), arn) is covered


def test_what_may_be_taken_over_is_covered_by_its_arn_and_its_name() -> None:
    adopting = grant(adoptable=("arn:aws:dynamodb:*:123456789012:table/leg*",), adopted=ADOPTED)
    assert adopting.covers(resource("anything", "dynamodb/table"), ADOPTED)
    assert adopting.covers(resource("legacy", "dynamodb/scaling"))
    assert adopting.covers(resource("legacy", "dynamodb/table"), ADOPTED)
    assert not adopting.covers(resource("table", "dynamodb/table"))
    assert not adopting.covers(resource("legacy", "dynamodb/table"), ADOPTED + "2")


@pytest.mark.parametrize(("adoptable", "adopted"), [((), ADOPTED), (("*",), ""), (("*queue*",), ADOPTED)])
def test_what_no_pattern_admits_is_not_covered(adoptable: tuple[str, ...], adopted: str) -> None:
    asked = grant(adoptable=adoptable, adopted=adopted)
    assert not asked.covers(resource("legacy", "dynamodb/table"), ADOPTED)
    assert not asked.covers(resource("legacy", "dynamodb/table"))
    assert not asked.covers(resource(""))


@pytest.mark.parametrize(
    ("pattern", "arn", "fits"),
    [
        ("arn:aws:sqs:*:*:legacy-*", "arn:aws:sqs:eu-central-1:123456789012:legacy-orders.fifo", True),
        ("arn:aws:sqs:*:*:legacy-*", "arn:aws:sqs:eu-central-1:123456789012:legacy-x:123456789012:payments", False),
        ("arn:aws:sqs:*:*:legacy-*", "arn:aws:sqs:eu-central-1:123456789012:legacy-*", False),
        ("arn:aws:s3:::legacy-*", "arn:aws:s3:::legacy-x", True),
        ("arn:aws:s3:::legacy-*", "arn:aws:s3:::legacy-x:payments", False),
        ("arn:aws:dynamodb:*:*:table/legacy-*", "arn:aws:dynamodb:eu-central-1:123456789012:table/legacy-x", True),
        (
            "arn:aws:dynamodb:*:*:table/legacy-*",
            "arn:aws:dynamodb:eu-central-1:123456789012:table/legacy-x/index/payments",
            False,
        ),
        (
            "arn:aws:secretsmanager:*:*:secret:legacy/*",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:legacy/db-AbC123",
            True,
        ),
        (
            "arn:aws:secretsmanager:*:*:secret:legacy/*",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:legacy/x:payments",
            False,
        ),
    ],
)
def test_a_pattern_admits_whole_resources_only(pattern: str, arn: str, fits: bool) -> None:
    assert admits([pattern], arn) is fits
