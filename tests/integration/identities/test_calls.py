"""The calls of IAM and EKS: which are permitted, which rights they need, and what they look like."""

from typing import Any

import pytest
from botocore.stub import Stubber
from tests.component.identity_world import BOUNDARY, CLUSTER, QUEUE, ROLE_PATH, SUBJECT, TABLE, grant, many
from tests.integration.identities.life import Lives
from tests.support.aws import ACCOUNT, Aws

from trimtab.adapters.aws import identity_eks, identity_iam
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.role import Association
from trimtab.domain.binding.policies import administration
from trimtab.ports.cloud import CloudDeniedError
from trimtab.reconcilers.identity.sweep import sweep


async def test_the_rights_that_administrators_are_told_of_are_those_that_the_calls_need(lives: Lives) -> None:
    wanted = {action for each in administration.of_role(grant()) for action in each.actions}
    used: set[str] = set()
    with lives.life() as life:
        for wish in ((QUEUE,), many(80), (*many(80), TABLE), (QUEUE,)):
            lives.world.bind("queue", *wish)
            await life.settle()
        await sweep(life.reconciler._roles, lives.world.cluster, CLUSTER, grant(), delete=True)
        lives.world.leave("queue")
        await life.settle()
        used = {f"{call.service}:{call.operation}" for call in life.proxy.calls if call.service != "sts"}
    assert used <= wanted
    assert len(used) > 15


OUTSIDE = [
    steps.CreateRole(name="shop-x", path="/", trust={}, boundary=BOUNDARY, tags={}),
    steps.CreateRole(name="shop-x", path=ROLE_PATH, trust={}, boundary="", tags={}),
    steps.CreateRole(name="admin", path=ROLE_PATH, trust={}, boundary=BOUNDARY, tags={}),
    steps.SetBoundary(name="shop-x", boundary="arn:aws:iam::aws:policy/AdministratorAccess"),
    steps.Attach(name="shop-x", arn="arn:aws:iam::aws:policy/AdministratorAccess"),
    steps.PutInline(name="admin", policy="trimtab", document={}),
    steps.DeleteRole(name="admin"),
    steps.DeletePolicy(arn=BOUNDARY),
    steps.Associate(subject=SUBJECT, role_arn=f"arn:aws:iam::{ACCOUNT}:role/admin", token="t", tags={}),
]


@pytest.mark.parametrize("step", OUTSIDE, ids=lambda step: type(step).__name__)
async def test_what_a_policy_does_not_permit_is_not_sent(lives: Lives, step: steps.Step) -> None:
    with lives.life() as life:
        with pytest.raises(CloudDeniedError):
            await life.reconciler._roles.carry_out(grant(), step)
        assert life.proxy.calls == []


async def test_mode_none_permits_no_call(lives: Lives) -> None:
    with lives.life() as life:
        with pytest.raises(CloudDeniedError):
            await life.reconciler._roles.look(grant("None"), "shop-x", None)
        assert life.proxy.calls == []


ASSOCIATION: dict[str, Any] = {
    "clusterName": "shop-prod",
    "namespace": "shop",
    "serviceAccount": "orders",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
    "associationArn": "arn:aws:eks:eu-central-1:123456789012:podidentityassociation/shop-prod/a-1",
    "associationId": "a-1",
    "tags": {"trimtab.dev/cluster": "c"},
}


def test_calls_of_eks_are_those_of_its_service_model(aws: Aws) -> None:
    """botocore's Stubber checks parameters and answers against the model."""
    import boto3

    client = boto3.client("eks", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        named = {"clusterName": "shop-prod", "associationId": "a-1"}
        listed = {"associations": [{key: ASSOCIATION[key] for key in ("clusterName", "associationId")}]}
        asked = {"clusterName": "shop-prod", "namespace": "shop", "serviceAccount": "orders"}
        stub.add_response("list_pod_identity_associations", listed, asked)
        stub.add_response("describe_pod_identity_association", {"association": ASSOCIATION}, named)
        assert identity_eks.look(client, SUBJECT) == Association(
            id="a-1", role_arn=ASSOCIATION["roleArn"], tags={"trimtab.dev/cluster": "c"}
        )
        made = {**asked, "roleArn": ASSOCIATION["roleArn"], "clientRequestToken": "t-1", "tags": {"k": "v"}}
        stub.add_response("create_pod_identity_association", {"association": ASSOCIATION}, made)
        create = steps.Associate(subject=SUBJECT, role_arn=ASSOCIATION["roleArn"], token="t-1", tags={"k": "v"})
        identity_eks.carry_out(client, create)
        changed = {**named, "roleArn": ASSOCIATION["roleArn"]}
        stub.add_response("update_pod_identity_association", {"association": ASSOCIATION}, changed)
        update = steps.Reassociate(cluster_name="shop-prod", id="a-1", role_arn=ASSOCIATION["roleArn"])
        identity_eks.carry_out(client, update)
        stub.add_response("delete_pod_identity_association", {"association": ASSOCIATION}, named)
        identity_eks.carry_out(client, steps.Dissociate(cluster_name="shop-prod", id="a-1"))
        stub.add_client_error("delete_pod_identity_association", "ResourceNotFoundException", expected_params=named)
        identity_eks.carry_out(client, steps.Dissociate(cluster_name="shop-prod", id="a-1"))
        stub.assert_no_pending_responses()


def test_what_a_deletion_does_not_find_is_gone(aws: Aws) -> None:
    iam = aws.client("iam")
    for step in (
        steps.DeleteInline(name="x", policy="y"),
        steps.DeleteRole(name="x"),
        steps.Detach(name="x", arn=BOUNDARY),
        steps.DeletePolicy(arn=BOUNDARY),
        steps.DeleteVersion(arn=BOUNDARY, version="v2"),
    ):
        identity_iam.carry_out(iam, step)
