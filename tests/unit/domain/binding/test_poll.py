"""What one reading of all tags spares: nothing that it does not show to be ours."""

from typing import Any

import pytest

from trimtab.domain.binding.ownership import UID, Owner
from trimtab.domain.binding.protocol.poll import known
from trimtab.domain.binding.resource import Live, Resource

ME = Owner(cluster="here", namespace="shop", name="orders-in", uid="u1")
TAGS = {**ME.tags(), "team": "sales"}
QUEUE = Resource(kind="sqs/queue", key="queue", name="q")
ALLOW = Resource(kind="sqs/redriveAllow", key="redriveAllow", name="q", parent="queue")
LIVE = Live(handle="url", arn="arn:q", settings={"delay": 1}, tags=ME.tags())
PART = Live(handle="url", arn="arn:q")
BEFORE: dict[str, Live | None] = {"queue": LIVE, "redriveAllow": PART}


def test_what_is_ours_is_known_with_its_parts_and_the_tags_of_now() -> None:
    found = known([QUEUE, ALLOW], ME, BEFORE, {"arn:q": TAGS})
    assert found["queue"].handle == "url"
    assert found["queue"].tags == TAGS
    assert found["redriveAllow"] == PART


@pytest.mark.parametrize(
    "tagged",
    [{}, {"arn:other": TAGS}, {"arn:q": {}}, {"arn:q": {"team": "sales"}}, {"arn:q": {**TAGS, UID: "u2"}}],
    ids=["nothing", "another", "untagged", "foreign", "another uid"],
)
def test_what_is_not_shown_as_ours_is_not_known_and_neither_are_its_parts(tagged: dict[str, Any]) -> None:
    assert known([QUEUE, ALLOW], ME, BEFORE, tagged) == {}


@pytest.mark.parametrize("before", [{}, {"queue": None}], ids=["never looked at", "was not there"])
def test_what_no_look_has_shown_is_not_known(before: dict[str, Live | None]) -> None:
    assert known([QUEUE], ME, before, {"arn:q": TAGS}) == {}
