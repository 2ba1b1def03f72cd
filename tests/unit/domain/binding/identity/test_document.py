"""Documents: equal rights give equal documents, however they were contributed or laid out."""

import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.binding.identity.document import document, normal, read, rights, without
from trimtab.domain.binding.service import Statement

ACTIONS = st.lists(st.sampled_from([f"sqs:Action{n}" for n in range(12)]), min_size=1, max_size=6).map(tuple)
RESOURCES = st.lists(st.sampled_from([f"arn:aws:sqs:::queue-{n}" for n in range(8)]), min_size=1, max_size=4).map(tuple)
CONDITIONS = st.sampled_from([None, {}, {"StringEquals": {"kms:ViaService": "sqs.eu-central-1.amazonaws.com"}}])
STATEMENTS = st.lists(
    st.builds(Statement, actions=ACTIONS, resources=RESOURCES, conditions=CONDITIONS), min_size=0, max_size=8
)


def _meant(statements: list[Statement]) -> set[tuple[str, str, str]]:
    """Each single permission, without any grouping."""
    return {
        (action, resource, str(each.conditions or {}))
        for each in statements
        for action in each.actions
        for resource in each.resources
    }


def _said(text: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (action, resource, str({o: {k: v[0] for k, v in c.items()} for o, c in each.get("Condition", {}).items()}))
        for each in text["Statement"]
        for action in each["Action"]
        for resource in each["Resource"]
    ]


@given(STATEMENTS)
def test_a_document_says_all_that_was_asked_for_and_nothing_twice(statements: list[Statement]) -> None:
    said = _said(document(rights(statements)))
    assert set(said) == _meant(statements)
    assert len(said) == len(set(said))


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_the_order_of_contributions_does_not_matter(statements: list[Statement], shuffled: random.Random) -> None:
    other = list(statements)
    shuffled.shuffle(other)
    assert document(rights(statements)) == document(rights(other))


@given(STATEMENTS)
def test_a_document_is_read_back_as_what_it_was_written_from(statements: list[Statement]) -> None:
    assert read(document(rights(statements))) == rights(statements)


def test_another_layout_of_the_same_rights_is_no_difference() -> None:
    ours = document(rights([Statement(actions=("sqs:SendMessage",), resources=("arn:a", "arn:b"))]))
    theirs = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "One", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:b"},
            {"Sid": "Two", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["arn:a"]},
        ],
    }
    assert read(theirs) == read(ours)


def test_what_we_never_say_is_not_read_as_rights() -> None:
    for statement in (
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
    ):
        assert read({"Version": "2012-10-17", "Statement": [statement]}) is None
    assert read({"Version": "2008-10-17", "Statement": []}) is None


def test_statements_with_the_same_actions_become_one() -> None:
    text = document(
        rights(
            [
                Statement(actions=("sqs:SendMessage",), resources=("arn:a",)),
                Statement(actions=("sqs:SendMessage",), resources=("arn:b",)),
                Statement(actions=("sqs:SendMessage",), resources=("arn:a",)),
            ]
        )
    )
    assert text["Statement"] == [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["arn:a", "arn:b"]}]


def test_taking_rights_away_takes_only_those() -> None:
    allowed = rights([Statement(actions=("s3:GetObject", "s3:PutObject"), resources=("arn:a", "arn:b"))])
    taken = rights([Statement(actions=("s3:PutObject",), resources=("arn:a",))])
    assert without(allowed, taken) == rights(
        [
            Statement(actions=("s3:GetObject",), resources=("arn:a",)),
            Statement(actions=("s3:GetObject", "s3:PutObject"), resources=("arn:b",)),
        ]
    )


def test_iam_may_unwrap_lists_of_one_in_a_trust_policy() -> None:
    ours = {"Statement": [{"Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": "x"}}]}
    theirs = {"Statement": [{"Action": ["sts:TagSession", "sts:AssumeRole"], "Principal": {"Service": ["x"]}}]}
    assert normal(ours) == normal(theirs)
    assert normal(ours) != normal({"Statement": [{"Action": ["sts:AssumeRole"], "Principal": {"Service": "x"}}]})
