"""Roles on IAM that is emulated: made, changed, split, mended, and removed; EKS Pod Identity is a stand-in."""

import json

import pytest
from tests.component.identity_world import (
    BOUNDARY,
    CLUSTER,
    QUEUE,
    ROLE_PATH,
    TABLE,
    grant,
    many,
    statement,
)
from tests.component.world import ORDERS
from tests.integration.identities.life import Lives, allowed
from tests.support.aws import ACCOUNT
from tests.support.figures import Figures

from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.document import document, rights
from trimtab.domain.binding.identity.trust import pod_identity

MODES = ["PodIdentity", "IRSA"]


@pytest.mark.parametrize("mode", MODES)
async def test_a_role_is_made_and_a_second_run_writes_nothing(lives: Lives, mode: str, figures: Figures) -> None:
    lives.world.bind("queue", QUEUE, given=grant(mode))
    lives.world.bind("table", TABLE, given=grant(mode))
    with lives.life() as life:
        await life.reconcile()
        made = len(life.proxy.writes)
        assert life.view.ready
        (role,) = lives.roles().values()
        assert allowed(lives) == rights([QUEUE, TABLE])
        assert (role["path"], role["boundary"]) == (ROLE_PATH, BOUNDARY)
        assert role["tags"] == {
            "trimtab.dev/cluster": CLUSTER.id,
            "trimtab.dev/namespace": "shop",
            "trimtab.dev/microservice": "orders",
            "trimtab.dev/uid": (lives.world.server.get(ORDERS) or {})["metadata"]["uid"],
        }
        life.proxy.forget()
        await life.reconcile()
        assert life.proxy.writes == []
        figures.add(f"identity {mode}: to make a role", f"{made} writes")
        figures.add(f"identity {mode}: one look of the poll", f"{len(life.proxy.calls)} reads")
    with lives.life() as again:
        await again.reconcile()
        assert again.proxy.writes == []


async def test_the_service_account_is_associated_and_follows_the_role(lives: Lives) -> None:
    lives.world.bind("queue", QUEUE)
    with lives.life() as life:
        await life.settle()
        (association,) = lives.associations.known.values()
        (name,) = lives.roles()
        assert association["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role{ROLE_PATH}{name}"
        assert association["tags"]["trimtab.dev/microservice"] == "orders"
        association["roleArn"] = f"arn:aws:iam::{ACCOUNT}:role/other"
        await life.settle()
        assert association["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role{ROLE_PATH}{name}"
        assert len(lives.associations.known) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_everything_goes_when_the_last_binding_leaves(lives: Lives, mode: str) -> None:
    lives.world.bind("queue", *many(80), given=grant(mode))
    with lives.life() as life:
        await life.settle()
        assert len(lives.policies()) > 1
        lives.world.leave("queue")
        await life.reconcile()
        assert lives.world.board.revoked("shop", "queue")
    assert lives.roles() == {}
    assert lives.policies() == {}
    assert lives.associations.known == {}


async def test_a_long_document_is_split_changed_and_joined(lives: Lives) -> None:
    with lives.life() as life:
        for wish in (many(80), many(90), many(75), *((*many(80), statement(f"e{n}")) for n in range(6)), (QUEUE,)):
            lives.world.bind("queue", *wish)
            await life.settle()
            assert allowed(lives) == rights(wish)


async def test_each_drift_is_undone(lives: Lives) -> None:
    lives.world.bind("queue", QUEUE)
    iam = lives.aws.client("iam")
    with lives.life() as life:
        await life.settle()
        expected = lives.state()
        (name,) = lives.roles()
        text = json.dumps(document(rights([statement("*", "sqs:*")])))
        stranger = pod_identity("shop-prod", "shop", "stranger")
        for drift in (
            lambda: iam.put_role_policy(RoleName=name, PolicyName="trimtab", PolicyDocument=text),
            lambda: iam.delete_role_policy(RoleName=name, PolicyName="trimtab"),
            lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(stranger)),
            lambda: iam.untag_role(RoleName=name, TagKeys=["trimtab.dev/uid"]),
            lambda: iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary="arn:aws:iam::aws:policy/x"),
            lambda: lives.associations.known.clear(),
        ):
            drift()
            assert lives.state() != expected
            await life.settle()
            assert lives.state() == expected


async def test_policies_and_tags_of_others_stay(lives: Lives) -> None:
    lives.world.bind("queue", QUEUE)
    iam = lives.aws.client("iam")
    iam.create_policy(PolicyName="workloads", PolicyDocument=json.dumps(document(rights([TABLE]))))
    with lives.life() as life:
        await life.settle()
        (name,) = lives.roles()
        iam.tag_role(RoleName=name, Tags=[{"Key": "cost", "Value": "7"}])
        iam.put_role_policy(RoleName=name, PolicyName="audit", PolicyDocument=json.dumps(document(rights([TABLE]))))
        iam.attach_role_policy(RoleName=name, PolicyArn=BOUNDARY)
        lives.world.bind("queue", QUEUE, TABLE)
        await life.settle()
        (role,) = lives.roles().values()
        assert role["tags"]["cost"] == "7"
        assert "audit" in role["inline"]
        assert BOUNDARY in role["attached"]
        lives.world.leave("queue")
        await life.settle()
    assert lives.roles() == {}
    assert list(lives.policies()) == [BOUNDARY]


async def test_a_role_of_somebody_else_is_left_alone(lives: Lives) -> None:
    lives.world.bind("queue", QUEUE)
    iam = lives.aws.client("iam")
    with lives.life() as life:
        await life.settle()
        (name,) = lives.roles()
        iam.untag_role(RoleName=name, TagKeys=["trimtab.dev/cluster"])
        before = lives.state()
        lives.world.bind("queue", QUEUE, TABLE)
        await life.settle()
        assert lives.state() == before
        assert life.view.reason is Reason.NOT_OURS
