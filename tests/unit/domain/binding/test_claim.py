"""Whose a resource is: nothing but OURS is changed, and what may be taken over needs a proof."""

import pytest

from trimtab.domain.binding.ownership import BINDING, CLUSTER, NAMESPACE, TRANSFER_TO, UID, Owner, owner_in
from trimtab.domain.binding.protocol.claim import Claim, claim

ME = Owner(cluster="here", namespace="shop", name="orders-in", uid="u1")
OURS = ME.tags()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (OURS, Claim.OURS),
        ({**OURS, "team": "sales"}, Claim.OURS),
        ({**OURS, UID: "u0"}, Claim.REATTACH),
        ({key: value for key, value in OURS.items() if key != UID}, Claim.REATTACH),
        ({**OURS, NAMESPACE: "other"}, Claim.FOREIGN),
        ({**OURS, BINDING: "other"}, Claim.FOREIGN),
        ({**OURS, CLUSTER: "there"}, Claim.FOREIGN),
        ({**OURS, CLUSTER: "there", TRANSFER_TO: "here"}, Claim.HAND_OVER),
        ({**OURS, CLUSTER: "there", TRANSFER_TO: "elsewhere"}, Claim.FOREIGN),
        ({**OURS, CLUSTER: "there", NAMESPACE: "other", TRANSFER_TO: "here"}, Claim.FOREIGN),
        ({**OURS, TRANSFER_TO: "there"}, Claim.GIVEN),
        ({**OURS, TRANSFER_TO: "here"}, Claim.OURS),
        ({**OURS, UID: "u0", TRANSFER_TO: "there"}, Claim.GIVEN),
        ({}, Claim.FOREIGN),
        ({"team": "sales"}, Claim.FOREIGN),
        ({CLUSTER: "here"}, Claim.FOREIGN),
    ],
)
def test_tags_say_whose_it_is(tags: dict[str, str], expected: Claim) -> None:
    assert claim(tags, ME) is expected


def test_a_uid_that_lives_is_not_replaced() -> None:
    assert claim({**OURS, UID: "u0"}, ME, live=["u0"]) is Claim.FOREIGN


def test_only_what_is_nobodys_can_be_adopted() -> None:
    assert claim({"team": "sales"}, ME, adopted=True) is Claim.ADOPT
    assert claim({**OURS, CLUSTER: "there"}, ME, adopted=True) is Claim.FOREIGN
    assert claim({**OURS, BINDING: "other"}, ME, adopted=True) is Claim.FOREIGN


def test_an_untagged_one_is_ours_only_after_our_own_creation_was_begun() -> None:
    assert claim({}, ME, begun=True) is Claim.UNTAGGED
    assert claim({"team": "sales"}, ME, begun=True) is Claim.FOREIGN


def test_an_owner_survives_its_tags() -> None:
    assert owner_in(OURS) == ME
    assert owner_in({"team": "sales"}) is None
