"""The status of a BindingPolicy: a part that could not be looked at says what it said before."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.domain.binding.ownership import Owner
from trimtab.domain.binding.policies.report import Survey, report, told_missing
from trimtab.domain.binding.policies.sweep import MOST, Tagged
from trimtab.domain.objects import Object

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUEUE = {"arn": "arn:aws:sqs:eu-central-1:123456789012:shop-a", "namespace": "shop", "binding": "orders-in"}
ROLE = {"arn": "arn:aws:iam::123456789012:role/trimtab/shop-a"}


def policy(*orphans: dict[str, str], **status: object) -> Object:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "BindingPolicy",
        "metadata": {"name": "shops", "generation": 1},
        "status": {"orphans": list(orphans), **status},
    }


def survey(**found: Any) -> Survey:
    known: dict[str, Any] = {"account": "123456789012", "bindings": 0, "missing": frozenset()}
    return Survey(**known | found)


def tagged(name: str) -> Tagged:
    owner = Owner(cluster="c", namespace="shop", name=name, uid="u")
    arn = f"arn:aws:sqs:eu-central-1:123456789012:{name}"
    since = "2026-01-02T03:00:00Z"
    return Tagged(arn=arn, region="eu-central-1", owner=owner, kind="sqs/queue", deletion_policy="", since=since)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, [QUEUE, ROLE]),
        ({"orphans": ()}, [ROLE]),
        ({"roles": ()}, [QUEUE]),
        ({"orphans": (), "roles": (ROLE["arn"],)}, [ROLE]),
        ({"orphans": (), "roles": ()}, None),
    ],
    ids=["neither", "resources", "roles", "a role still", "both"],
)
def test_what_was_not_searched_stays_as_it_was_told(found: dict[str, object], told: list[object] | None) -> None:
    said = report(policy(QUEUE, ROLE), survey(**found), NOW)
    assert said.status.get("orphans") == told
    assert not said.events


def test_orphans_that_are_too_many_to_tell_are_news_only_once() -> None:
    many = survey(orphans=tuple(tagged(f"shop-{number:03}") for number in range(MOST + 20)), roles=(ROLE["arn"],))
    first = report(policy(), many, NOW)
    assert len(first.status["orphans"]) == MOST
    assert [event.reason for event in first.events] == ["OrphansFound"]
    assert not report({**policy(), "status": first.status}, many, NOW).events


@pytest.mark.parametrize("missing", [frozenset({"sqs:TagQueue"}), frozenset(), None])
def test_what_a_role_lacks_can_be_told_again_from_the_status(missing: frozenset[str] | None) -> None:
    said = report(policy(), survey(missing=missing), NOW)
    assert told_missing({**policy(), "status": said.status}) == missing
