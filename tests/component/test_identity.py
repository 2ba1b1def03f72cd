"""Workload identities on IAM in memory: exactly one role, with no more than is asked for."""

from dataclasses import replace

import pytest
from tests.component.identity_world import (
    BOUNDARY,
    CLUSTER,
    QUEUE,
    ROLE_PATH,
    SUBJECT,
    TABLE,
    IdentityWorld,
    grant,
    many,
    statement,
)
from tests.component.world import ORDERS

from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.document import rights, size
from trimtab.domain.binding.identity.packing import MANAGED
from trimtab.domain.outcome import Done


async def test_a_microservice_gets_one_role_with_what_all_its_bindings_need() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.bind("table", TABLE)
    await world.settle()
    role = world.role
    assert world.allowed == rights([QUEUE, TABLE])
    assert (role.path, role.boundary) == (ROLE_PATH, BOUNDARY)
    assert role.tags["trimtab.dev/microservice"] == "orders"
    assert role.tags["trimtab.dev/uid"] == (world.server.get(ORDERS) or {})["metadata"]["uid"]
    assert world.iam.associations[SUBJECT].role_arn == world.view.arn
    assert world.view.ready
    assert world.view.granted == {"queue", "table"}


async def test_only_the_pods_of_its_own_service_account_may_be_the_role() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    (allowed,) = world.role.trust["Statement"]
    assert allowed["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-central-1:123456789012:cluster/shop-prod",
        "aws:RequestTag/kubernetes-namespace": "shop",
        "aws:RequestTag/kubernetes-service-account": "orders",
    }


async def test_irsa_trusts_one_subject_of_the_clusters_issuer_and_associates_nobody() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE, given=grant("IRSA"))
    await world.settle()
    (allowed,) = world.role.trust["Statement"]
    assert allowed["Principal"] == {"Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.example/id/ABC"}
    assert allowed["Condition"]["StringEquals"] == {
        "oidc.eks.example/id/ABC:aud": "sts.amazonaws.com",
        "oidc.eks.example/id/ABC:sub": "system:serviceaccount:shop:orders",
    }
    assert world.iam.associations == {}
    assert world.view.annotated


async def test_a_second_run_writes_nothing_and_a_third_within_the_poll_does_not_even_look() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.start()
    world.tell()
    await world.reconcile()
    assert world.roles.steps == []
    looks = world.roles.looks
    await world.reconcile()
    assert world.roles.looks == looks
    world.seconds += 451
    await world.reconcile()
    assert (world.roles.looks, world.roles.steps) == (looks + 1, [])


async def test_mode_none_makes_no_call_at_all() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE, given=grant("None"))
    assert await world.reconcile() == Done()
    assert world.roles.looks == 0
    assert world.view.mode == "None"
    assert world.condition().reason is Reason.IDENTITY_NOT_MANAGED
    world.leave("queue")
    await world.reconcile()
    assert world.board.revoked("shop", "queue")


async def test_without_the_clusters_id_no_role_is_anybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.component.identity_world.CLUSTER", replace(CLUSTER, id=""))
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.reconcile()
    assert world.roles.looks == 0
    assert "cluster-id" in world.view.message


async def test_a_long_document_is_split_and_joined_again() -> None:
    world = IdentityWorld()
    world.bind("queue", *many(150))
    await world.settle()
    role = world.role
    assert role.inline == {}
    assert len(role.attached) >= 2
    assert all(size(each.versions[each.default]) <= MANAGED for each in world.iam.policies.values())
    assert world.allowed == rights(many(150))
    world.bind("queue", QUEUE)
    await world.settle()
    assert (world.iam.policies, world.role.attached) == ({}, [])
    assert world.allowed == rights([QUEUE])


async def test_policies_keep_within_five_versions() -> None:
    world = IdentityWorld()
    for number in range(12):
        world.bind("queue", *many(130), statement(f"extra-{number}"))
        await world.settle()
        assert world.allowed == rights([*many(130), statement(f"extra-{number}")])
    assert all(len(each.versions) <= 5 for each in world.iam.policies.values())


async def test_what_does_not_fit_is_refused_while_what_is_unwanted_goes() -> None:
    world = IdentityWorld()
    world.bind("queue", *many(150))
    world.bind("table", TABLE)
    await world.settle()
    world.bind("huge", *many(2000, "h"))
    world.leave("table")
    await world.settle()
    assert world.allowed == rights(many(150))
    assert world.view.reason is Reason.CLOUD_QUOTA_EXCEEDED
    assert "10 managed policies" in world.view.message
    assert world.condition("huge").reason is Reason.CLOUD_QUOTA_EXCEEDED
    assert world.board.revoked("shop", "table")


async def test_bindings_of_two_accounts_do_not_share_a_role() -> None:
    world = IdentityWorld()
    other = grant(role_arn="arn:aws:iam::999999999999:role/other", policy="other")
    world.bind("queue", QUEUE)
    world.bind("table", TABLE, given=other)
    await world.settle()
    assert world.allowed == rights([QUEUE])
    assert world.condition("table").reason is Reason.POLICY_DENIED
