"""Identities on a real API server: admission adds credentials as the webhook of EKS does, by a policy of the test."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.shop import Shop
from tests.integration.test_operator_bindings import binding, gone, policy, until
from tests.support.aws import ACCOUNT, Aws, Proxy
from tests.support.eks import Associations
from tests.support.kube import Kube, KubeError, Object, namespace, poll
from tests.support.operator import running

QUEUE: dict[str, Any] = {"sqs": {}, "workload": {"name": "orders"}, "deletionPolicy": "Delete"}
POD_IDENTITY = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
IRSA = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
ROLE_ARN = "eks.amazonaws.com/role-arn"


class Stage:
    """A namespace with an operator, an account, and a policy that gives identities of one mode."""

    def __init__(self, kube: Kube, aws: Aws, space: str, mode: str) -> None:
        self.kube = kube
        self.aws = aws
        self.space = space
        self.mode = mode
        self.shop = Shop(kube, space)
        self.associations = Associations()
        self._webhook = f"eks-{space}"

    def roles(self) -> list[str]:
        """ARNs of the roles that were made."""
        found = self.aws.client("iam").list_roles(PathPrefix="/trimtab/")["Roles"]
        return [each["Arn"] for each in found]

    async def webhook(self) -> None:
        """Adds the variables to all pods of the namespace from now on, once the API server has taken notice."""
        (role,) = self.roles()
        names = POD_IDENTITY if self.mode == "PodIdentity" else IRSA
        variables = ", ".join(
            f'Object.spec.containers.env{{name: "{name}", value: "{role if name == "AWS_ROLE_ARN" else "/token"}"}}'
            for name in names
        )
        expression = (
            f'Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: "app", env: [{variables}]}}]}}}}'
        )
        await self.kube.create(_policy(self._webhook, expression))
        await self.kube.create(_binding(self._webhook, self.space))

    async def no_webhook(self) -> None:
        for kind in ("MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"):
            await self.kube.delete(kind, "", self._webhook)

    async def pods(self) -> list[Object]:
        found = (await self.kube.list("Pod", self.space))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    async def lacking(self) -> list[str]:
        """Names of the pods without the variables."""
        wanted = set(POD_IDENTITY if self.mode == "PodIdentity" else IRSA)
        return [pod["metadata"]["name"] for pod in await self.pods() if not wanted <= _variables(pod)]

    async def condition(self, status: str, reason: str = "") -> Object:
        """IdentityInjected of the binding, once it is so."""

        async def told() -> Object | None:
            found = await self.kube.get("ServiceBinding", self.space, "orders-in") or {}
            for each in (found.get("status") or {}).get("conditions") or ():
                if each["type"] == "IdentityInjected" and each["status"] == status and reason in ("", each["reason"]):
                    return dict(each)
            return None

        return await poll(told, 120, f"IdentityInjected is {status} {reason}")


def _variables(pod: Object) -> set[str]:
    (app,) = (each for each in pod["spec"]["containers"] if each["name"] == "app")
    return {each["name"] for each in app.get("env", ())}


def _policy(name: str, expression: str) -> Object:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "failurePolicy": "Ignore",
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
        },
    }


def _binding(name: str, space: str) -> Object:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": space}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "matchResources": {"namespaceSelector": selector}},
    }


@pytest_asyncio.fixture(scope="module", autouse=True)
async def served(kube: Kube) -> None:
    """Mutating admission policies are stable since Kubernetes 1.36."""
    try:
        await kube.list("MutatingAdmissionPolicy")
    except KubeError:
        pytest.skip("the API server has no MutatingAdmissionPolicy")


@pytest.fixture(params=["PodIdentity", "IRSA"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def stage(kube: Kube, aws: Aws, tmp_path: Path, mode: str) -> AsyncIterator[Stage]:
    async with namespace(kube, f"identity-{uuid.uuid4().hex[:8]}") as name:
        made = Stage(kube, aws, name, mode)
        try:
            with aws.proxy() as proxy:
                async with _operating(made, proxy, tmp_path):
                    yield made
        finally:
            await made.no_webhook()
            await kube.delete("BindingPolicy", "", name)


@asynccontextmanager
async def _operating(stage: Stage, proxy: Proxy, path: Path) -> AsyncIterator[None]:
    proxy.faults.append(stage.associations)
    env = {
        "TRIMTAB_NAMESPACES": "",
        "TRIMTAB_LEASE_NAME": f"lease-{stage.space}",
        "TRIMTAB_LEASE_NAMESPACE": stage.space,
        "TRIMTAB_CLUSTER_ID": "test",
        "TRIMTAB_CLUSTER_NAME": "shop-prod",
        "TRIMTAB_OIDC_ISSUER": "https://oidc.eks.example/id/ABC",
        "TRIMTAB_AWS_REGION": "eu-central-1",
    }
    given = policy(stage.space, {"matchLabels": {"kubernetes.io/metadata.name": stage.space}})
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/workloads"
    given["spec"]["identity"] = {"mode": stage.mode, "permissionsBoundaryARN": boundary}
    await stage.kube.create(given)
    async with running(path / "log", env={**env, **proxy.env}):
        yield


async def _bound(stage: Stage, **spec: Any) -> None:
    await stage.kube.create(binding(stage.space, **QUEUE))
    await until(stage.kube, stage.space, "Bound")
    await stage.shop.apply(**spec)


async def test_the_first_pod_waits_for_credentials_and_the_role_goes_with_its_binding(stage: Stage) -> None:
    await _bound(stage, replicas=2)
    told = await stage.condition("False", "IdentityNotInjected")
    assert "ServiceAccount" in told["message"]
    await poll(lambda: _waits(stage), 120, "the Microservice says that it waits for credentials, and nothing else")
    assert (await stage.kube.list("Deployment", stage.space))["items"] == []
    (role,) = stage.roles()
    await _given_to_pods(stage, role)
    await stage.webhook()
    await stage.shop.ready()
    assert len(await stage.pods()) == 2
    assert await stage.lacking() == []
    await stage.condition("True", "IdentityInjected")
    await stage.kube.delete("Microservice", stage.space, "orders")
    await poll(lambda: _gone(stage), 120, "the role is gone with its Microservice")
    await gone(stage.kube, stage.space)
    assert stage.associations.known == {}


async def _waits(stage: Stage) -> bool:
    status = (await stage.shop.get("Microservice") or {})["status"]
    return [each["reason"] for each in status.get("waitingFor", ())] == ["IdentityNotInjected"]


async def _gone(stage: Stage) -> bool:
    return stage.roles() == []


async def _given_to_pods(stage: Stage, role: str) -> None:
    account = await stage.shop.get("ServiceAccount") or {}
    if stage.mode == "IRSA":
        assert account["metadata"]["annotations"][ROLE_ARN] == role
        assert stage.associations.known == {}
    else:
        assert ROLE_ARN not in account["metadata"].get("annotations", {})
        (association,) = stage.associations.known.values()
        assert (association["serviceAccount"], association["roleArn"]) == ("orders", role)


async def test_pods_that_were_admitted_without_credentials_are_replaced_below_no_budget(stage: Stage) -> None:
    await _bound(stage, replicas=3)
    await stage.condition("False", "IdentityNotInjected")
    await stage.webhook()
    await stage.shop.ready()
    await stage.no_webhook()
    await poll(lambda: _admitted_without(stage), 120, "the API server has forgotten the policy")
    for pod in await stage.pods():
        await stage.kube.delete("Pod", stage.space, pod["metadata"]["name"])
    await stage.condition("False", "IdentityNotInjected")
    await poll(lambda: _lacking(stage, 3), 120, "three pods are ready, and none has credentials")
    await stage.shop.ready()
    least = 3

    async def replaced() -> bool:
        nonlocal least
        ready = [pod for pod in await stage.pods() if _is_ready(pod)]
        least = min(least, len(ready))
        return len(ready) == 3 and await stage.lacking() == []

    await stage.webhook()
    await poll(replaced, 240, "all pods have credentials")
    assert least >= 2
    await stage.condition("True", "IdentityInjected")


async def _lacking(stage: Stage, count: int) -> bool:
    ready = {pod["metadata"]["name"] for pod in await stage.pods() if _is_ready(pod)}
    return len(ready) == count and ready == {*await stage.lacking()}


async def _admitted_without(stage: Stage) -> bool:
    """What admission makes of a pod, asked without making one."""
    pods = await stage.pods()
    spec = {"containers": [{"name": "app", "image": "registry.example/x"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": stage.space}, "spec": spec}
    url = f"/api/v1/namespaces/{stage.space}/pods"
    made = await stage.kube.call("POST", url, body, dryRun="All")
    return bool(pods) and not _variables(made) & {*POD_IDENTITY, *IRSA}


def _is_ready(pod: Object) -> bool:
    return any(
        each["type"] == "Ready" and each["status"] == "True" for each in pod.get("status", {}).get("conditions", ())
    )
