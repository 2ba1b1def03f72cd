"""What `trimtab plan` says of the IAM roles of Microservices, against a real API server and emulated IAM and EKS."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest_asyncio
from tests.integration.test_admission import microservice
from tests.integration.test_cli_plan import CLUSTER, POLICY, Planning, queue, queue_name, shop
from tests.support.aws import ACCOUNT, REGION, Aws, Proxy
from tests.support.aws_faults import calls, times
from tests.support.aws_wire import denied
from tests.support.eks import Associations
from tests.support.kube import Kube, poll
from tests.support.operator import running

from trimtab.cli.plan.text import WIDTH
from trimtab.domain.binding.identity.document import read

__all__ = ["shop"]

Object = dict[str, Any]
Rights = set[tuple[str, str]]
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/workloads"
IDENTITY = {"mode": "PodIdentity", "permissionsBoundaryARN": BOUNDARY}
RECEIVE, SEND = "sqs:ReceiveMessage", "sqs:SendMessage"


class RolePlanning(Planning):
    """As the operator of an EKS cluster is set, with what EKS associates."""

    given = ("--cluster-name", "shop-prod", "--aws-region", REGION)
    associations: list[Associations]


@pytest_asyncio.fixture
async def plan(kube: Kube, tmp_path: Path, shop: str, aws: Aws, aws_proxy: Proxy) -> RolePlanning:
    """The policy gives identities, and there is a Microservice for whom bindings can be."""
    associations = [Associations()]
    aws_proxy.faults = [*associations]
    await kube.patch("BindingPolicy", "", shop, {"spec": {**POLICY, "identity": IDENTITY}})
    await kube.create({**microservice({}), "metadata": {"name": "orders", "namespace": shop}})
    plan = RolePlanning(tmp_path, shop, aws_proxy)
    plan.associations = associations
    return plan


def bound(**spec: Any) -> Object:
    return queue(workload={"name": "orders"}, **spec)


def allowed(rights: list[Object]) -> dict[str, set[str]]:
    return {each["resource"]: set(each["actions"]) for each in rights}


def arn(space: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue_name(space)}"


async def test_a_role_is_made_with_the_rights_that_access_needs(shop: str, plan: RolePlanning) -> None:
    (role,) = (await plan(bound(access="Read")))["roles"]
    assert (role["result"], role["mode"], role["microservice"]) == ("created", "PodIdentity", "orders")
    assert [each["verb"] for each in role["steps"]] == ["CreateRole", "PutInline", "Associate"]
    rights = allowed(role["added"])
    assert rights.keys() == {arn(shop)}
    assert RECEIVE in rights[arn(shop)]
    assert SEND not in rights[arn(shop)]
    text = await plan.text(bound(access="Read"))
    words = (f"create role /trimtab/{role['role']}", "associate ServiceAccount orders", f"on {arn(shop)}", RECEIVE)
    assert [each for each in words if each not in " ".join(text.split())] == []
    assert [each for each in text.splitlines() if len(each) > WIDTH and len(each.split()) > 1] == []


async def test_a_role_that_is_not_ours_is_refused(shop: str, plan: RolePlanning, aws: Aws) -> None:
    name = (await plan(bound()))["roles"][0]["role"]
    aws.client("iam").create_role(RoleName=name, Path="/trimtab/", AssumeRolePolicyDocument="{}")
    (role,) = (await plan(bound(), code=4))["roles"]
    assert (role["result"], role["refused"], role["reason"], role["steps"]) == ("refused", True, "NotOurs", [])
    assert "left alone" in role["message"]


async def test_a_right_that_is_lacking_to_look_is_named(shop: str, plan: RolePlanning, aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(9, calls("GetRole"), denied), *aws_proxy.faults]
    found = await plan(bound(), code=5)
    assert (found["roles"][0]["result"], found["complete"]) == ("unseen", False)
    assert "iam:GetRole" in found["roles"][0]["message"]
    assert [each["verb"] for each in found["serviceBindings"][0]["actions"]] == ["Create"]


async def test_without_the_operators_settings_nothing_is_foretold_of_it(
    shop: str, plan: RolePlanning, tmp_path: Path, aws_proxy: Proxy
) -> None:
    (role,) = (await Planning(tmp_path, shop, aws_proxy)(bound(), code=5))["roles"]
    assert role["result"] == "unseen"
    assert "--cluster-name" in role["message"]


async def test_a_policy_without_identity_gives_no_role(kube: Kube, shop: str, plan: RolePlanning) -> None:
    none = {"mode": "None", "permissionsBoundaryARN": None}
    await kube.patch("BindingPolicy", "", shop, {"spec": {"identity": none}})
    (role,) = (await plan(bound()))["roles"]
    assert (role["result"], role["reason"]) == ("none", "IdentityNotManaged")


async def test_who_only_plans_a_microservice_needs_no_rights_about_bindings(plan: RolePlanning) -> None:
    found = await plan(microservice({"replicas": 2}, "orders"))
    assert (found["roles"], found["unknown"]) == ([], "")


async def test_what_is_foretold_of_a_role_comes_true(
    kube: Kube, shop: str, plan: RolePlanning, tmp_path: Path, aws: Aws, aws_proxy: Proxy
) -> None:
    async with _operating(shop, plan, tmp_path, aws):
        for manifest, result in (
            (bound(), "created"),
            (bound(access="Write"), "changed"),
            (queue(workload={"name": "nobody"}), "deleted"),
        ):
            (role,) = (await plan(manifest))["roles"]
            assert role["result"] == result
            before = _granted(aws)
            await kube.apply({**manifest, "metadata": {**manifest["metadata"], "namespace": shop}})
            wanted = _after(before, role)
            await poll(_is(aws, plan.associations[0], wanted), 120, f"the role was {result}")
            if result != "deleted":
                assert (await plan(manifest))["roles"][0]["result"] == "unchanged"


@asynccontextmanager
async def _operating(shop: str, plan: RolePlanning, path: Path, aws: Aws) -> AsyncIterator[None]:
    """An operator with a way to AWS of its own, and the same associations."""
    with aws.proxy() as proxy:
        proxy.faults = [*plan.associations]
        env = {**proxy.env, "TRIMTAB_NAMESPACES": "", "TRIMTAB_CLUSTER_ID": CLUSTER, "TRIMTAB_LEASE_NAME": shop}
        eks = {"TRIMTAB_CLUSTER_NAME": "shop-prod", "TRIMTAB_AWS_REGION": REGION, "TRIMTAB_LEASE_NAMESPACE": shop}
        async with running(path / "log", env={**env, **eks}):
            yield


def _granted(aws: Aws) -> Rights | None:
    """What the only role below our path allows; None if there is none."""
    iam = aws.client("iam")
    names = [each["RoleName"] for each in iam.list_roles(PathPrefix="/trimtab/")["Roles"]]
    if not names:
        return None
    (name,) = names
    documents = (
        iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
    )
    return {(right.resource, action) for each in documents for right in read(each) or () for action in right.actions}


def _after(before: Rights | None, role: Object) -> Rights | None:
    added, removed = (
        {(each["resource"], action) for each in role[key] for action in each["actions"]} for key in ("added", "removed")
    )
    return None if role["result"] == "deleted" else ((before or set()) | added) - removed


def _is(aws: Aws, associations: Associations, wanted: Rights | None) -> Callable[[], Awaitable[bool]]:
    """Whether the role allows that, and is associated: the last step of its making."""

    async def told() -> bool:
        try:
            return _granted(aws) == wanted and bool(associations.known) == (wanted is not None)
        except aws.client("iam").exceptions.NoSuchEntityException:
            return False  # it goes while it is read

    return told
