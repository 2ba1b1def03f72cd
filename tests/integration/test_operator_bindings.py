"""Operators that keep bindings: what they watch, with which rights, and what they do without."""

import os
import signal
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.e2e.rights import Usage
from tests.integration.shop import Shop, at_rest, writes
from tests.integration.test_operator_processes import kubeconfig
from tests.support.audit import AuditLog
from tests.support.aws import ACCOUNT, REGION, Aws
from tests.support.kube import Kube, Object, install_crds, namespace, poll, remove_crd
from tests.support.markers import secret as marked
from tests.support.operator import Operator, running

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.memory.lease import MemoryLease

RBAC = Path(__file__).parents[2] / "manifests" / "namespaced" / "rbac.yaml"
QUEUE: Object = {"sqs": {"visibilityTimeout": "45s"}, "workload": {"name": "orders"}, "deletionPolicy": "Delete"}


@pytest.fixture(scope="session")
def audit() -> AuditLog:
    return AuditLog(os.environ["TRIMTAB_AUDIT_LOG"])


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    async with namespace(kube, f"bound-{uuid.uuid4().hex[:8]}") as name:
        yield name


def binding(space: str, name: str = "orders-in", **spec: Any) -> Object:
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "ServiceBinding", "metadata": metadata, "spec": spec}


def policy(name: str, selector: dict[str, Any], *services: str) -> Object:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "BindingPolicy",
        "metadata": {"name": name},
        "spec": {
            "namespaceSelector": selector,
            "services": list(services or ("sqs",)),
            "regions": [REGION],
            "roleARN": f"arn:aws:iam::{ACCOUNT}:role/trimtab",
            "namePrefix": "shop-",
        },
    }


async def until(kube: Kube, space: str, reason: str, name: str = "orders-in") -> Object:
    """The binding, once its condition Ready has that reason."""

    async def told() -> Object | None:
        found = await kube.get("ServiceBinding", space, name) or {}
        conditions = (found.get("status") or {}).get("conditions") or ()
        return found if any(each["type"] == "Ready" and each["reason"] == reason for each in conditions) else None

    return await poll(told, 120, f"{name} is {reason}")


async def gone(kube: Kube, space: str, name: str = "orders-in") -> None:
    await kube.delete("ServiceBinding", space, name)

    async def missing() -> bool:
        return await kube.get("ServiceBinding", space, name) is None

    await poll(missing, 120, f"{name} is gone")


async def test_policies_and_labels_of_namespaces_count_from_when_they_change(
    kube: Kube, aws: Aws, tmp_path: Path, shop: str
) -> None:
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_LEASE_NAMESPACE": shop}
    with aws.proxy() as proxy:
        async with running(tmp_path / "log", env={**env, **proxy.env}):
            await kube.create(binding(shop, **QUEUE))
            await until(kube, shop, "PolicyDenied")
            assert not proxy.calls
            await kube.create(policy(shop, {"matchLabels": {"team": shop}}))
            try:
                await kube.patch("Namespace", "", shop, {"metadata": {"labels": {"team": shop}}})
                made = await until(kube, shop, "Bound")
                assert made["status"]["policy"] == shop
                (url,) = aws.client("sqs").list_queues()["QueueUrls"]
                assert "shop-" in url
                await Shop(kube, shop).apply()
                await Shop(kube, shop).ready()
                (deployment,) = (await kube.list("Deployment", shop))["items"]
                (volume,) = deployment["spec"]["template"]["spec"]["volumes"]
                assert volume["projected"]["sources"] == [{"secret": {"name": "orders-in-binding"}}]
                await kube.delete("Microservice", shop, "orders")
                await gone(kube, shop)
                assert "QueueUrls" not in aws.client("sqs").list_queues()
            finally:
                await kube.delete("BindingPolicy", "", shop)


async def test_a_namespaced_operator_takes_its_policies_from_a_file_by_roles_alone(
    kube: Kube, aws: Aws, audit: AuditLog, tmp_path: Path, shop: str
) -> None:
    roles = [each for each in yaml.safe_load_all(RBAC.read_text()) if each["kind"] == "Role"]
    leading = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]}
    rules = [leading, *(rule for role in roles for rule in role["rules"])]
    config = await kubeconfig(kube, shop, (shop,), tmp_path / "kubeconfig", rules)
    begin, policies = audit.mark(), tmp_path / "policies.yaml"
    policies.write_text("")
    env = {
        "KUBECONFIG": str(config),
        "TRIMTAB_NAMESPACES": shop,
        "TRIMTAB_LEASE_NAMESPACE": shop,
        "TRIMTAB_LEASE_NAME": "trimtab",
        "TRIMTAB_IDENTITY": "same",
        "TRIMTAB_BINDING_POLICIES": str(policies),
        "TRIMTAB_CLUSTER_ID": "test",
    }
    with aws.proxy() as proxy:
        async with running(tmp_path / "first", env={**env, **proxy.env}) as first:
            await kube.create(binding(shop, **QUEUE))
            await until(kube, shop, "PolicyDenied")
            own = {"matchLabels": {"kubernetes.io/metadata.name": shop}}
            (tmp_path / "new").write_text(yaml.safe_dump(policy("queues", own)))
            (tmp_path / "new").rename(policies)
            await until(kube, shop, "Bound")
            await at_rest(audit, shop)
            await first.end(signal.SIGKILL)
        proxy.forget()
        mark = audit.mark()
        async with running(tmp_path / "second", env={**env, **proxy.env}) as second:
            await poll(lambda: _looked(second), 120, "the second operator has looked at the binding")
            assert not proxy.writes
            assert [line for line in writes(audit, mark, "trimtab/") if f" {shop}/" in line] == []
            await gone(kube, shop)
        assert "QueueUrls" not in aws.client("sqs").list_queues()
    usage = Usage(audit.path, begin, f"system:serviceaccount:{shop}:op")
    assert {"servicebindings.trimtab.dev/status", "secrets", "namespaces"} <= {resource for resource, _ in usage.used}
    assert all("customresourcedefinitions" in each for each in usage.denied), usage.denied


async def _looked(operator: Operator) -> bool:
    reconciles = await operator.metric("controller_runtime_reconcile_total")
    return reconciles >= 1 and "ServiceBinding/" in operator.log.read_text()


async def test_policies_that_cannot_be_read_are_said_at_start(tmp_path: Path, shop: str) -> None:
    env = {
        "TRIMTAB_NAMESPACES": shop,
        "TRIMTAB_BINDING_POLICIES": str(tmp_path / "missing.yaml"),
        "TRIMTAB_CLUSTER_ID": "test",
        "TRIMTAB_LEASE_NAMESPACE": shop,
    }
    async with running(tmp_path / "log", env=env, wait=False) as operator:
        assert await operator.exit_code(120) == 1
    assert "missing.yaml" in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_services_are_kept_without_the_crds_of_bindings_and_bindings_once_they_come(
    kube: Kube, tmp_path: Path, shop: str
) -> None:
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_LEASE_NAMESPACE": shop}
    definitions = ("servicebindings.trimtab.dev", "bindingpolicies.trimtab.dev")
    try:
        for name in definitions:
            await remove_crd(kube, name)
        async with running(tmp_path / "log", env=env):
            await Shop(kube, shop).apply()
            await Shop(kube, shop).ready()
            assert "nothing is bound" in (tmp_path / "log").read_text()
            await install_crds(kube)
            secret = {"name": "legacy", "namespace": shop}
            entries = {"type": "x", "password": marked("legacy")}
            await kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": entries})
            await kube.create(binding(shop, "legacy", secret={"name": "legacy"}, workload={"name": "orders"}))
            await until(kube, shop, "Bound", "legacy")

            async def projected() -> bool:
                (deployment,) = (await kube.list("Deployment", shop))["items"]
                return "volumes" in deployment["spec"]["template"]["spec"]

            await poll(projected, 120, "the pods have the binding")
    finally:
        await install_crds(kube)


async def test_the_end_of_a_crd_is_seen_without_the_right_to_read_it(
    kube: Kube, tmp_path: Path, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "servicebindings.trimtab.dev"
    monkeypatch.setenv("KUBECONFIG", str(await kubeconfig(kube, shop, (shop,), tmp_path / "kubeconfig")))
    held = binding(shop, "held", secret={"name": "legacy"})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await kube.create(held)
    connection = await Connection.load()
    try:
        async with connection.session(limit=8) as session:
            client = ApiClient(session, connection.server, MemoryLease(lambda: 1.0))
            cluster = KubernetesCluster(client, ObjectCache())
            assert not await cluster.ending("ServiceBinding")
            await kube.delete("CustomResourceDefinition", "", name)
            await poll(lambda: cluster.ending("ServiceBinding"), 60, "the end of the CRD is seen")
    finally:
        await kube.patch("ServiceBinding", shop, "held", {"metadata": {"finalizers": None}})
        await remove_crd(kube, name)
        await install_crds(kube)
