"""Operators that start, end, compete and are confined: each test has its own."""

import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from tests.integration.shop import Shop, at_rest, writes
from tests.support.audit import AuditLog
from tests.support.kube import Kube, KubeError, Object, connect, is_served, namespace, poll, remove_crd
from tests.support.markers import SEARCH
from tests.support.operator import ANSWERS, Operator, running


@pytest.fixture(scope="session")
def audit() -> AuditLog:
    return AuditLog(os.environ["TRIMTAB_AUDIT_LOG"])


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    async with namespace(kube, f"op-{uuid.uuid4().hex[:8]}") as name:
        yield name


async def test_a_restart_after_kill_9_writes_nothing(kube: Kube, audit: AuditLog, tmp_path: Path, shop: str) -> None:
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_NAMESPACES": shop, "TRIMTAB_LEASE_NAMESPACE": shop}
    space = Shop(kube, shop)
    async with running(tmp_path / "first", env={**env, "TRIMTAB_IDENTITY": "same"}) as first:
        await space.apply(config={"data": {"A": "1"}, "mountPath": "/etc/a"})
        await space.ready()
        await at_rest(audit, shop)
        await first.end(signal.SIGKILL)
    mark = audit.mark()
    async with running(tmp_path / "second", env={**env, "TRIMTAB_IDENTITY": "same"}) as second:
        await poll(lambda: _reconciled(second), 120, "the second operator has looked at everything")
    ours = [line for line in writes(audit, mark, "trimtab/") if f" {shop}/" in line]
    assert ours == []


async def _reconciled(operator: Operator) -> bool:
    return await operator.metric("controller_runtime_reconcile_total") >= 1


async def test_a_standby_takes_over_when_the_leader_is_killed(kube: Kube, tmp_path: Path, shop: str) -> None:
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_NAMESPACES": shop, "TRIMTAB_LEASE_NAMESPACE": shop}
    space = Shop(kube, shop)
    async with running(tmp_path / "one", env=env) as one:
        await poll(lambda: _leads(one), 60, "who came first leads")
        async with running(tmp_path / "two", env=env) as two:
            assert not await _leads(two)
            await space.apply("before")
            await space.ready("before")
            assert await two.metric("controller_runtime_reconcile_total") == 0
            await one.end(signal.SIGKILL)
            await space.apply("after")
            await space.ready("after")
            await poll(lambda: _leads(two), 120, "the standby leads")


async def test_a_graceful_end_gives_the_lease_back_at_once(kube: Kube, tmp_path: Path, shop: str) -> None:
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_NAMESPACES": shop, "TRIMTAB_LEASE_NAMESPACE": shop}
    async with running(tmp_path / "log", env=env) as operator:
        await poll(lambda: _leads(operator), 60, "leading")
        assert await operator.end(signal.SIGTERM, 25) == 0
    lease = await kube.get("Lease", shop, f"lease-{shop}")
    assert lease is not None
    assert lease["spec"].get("holderIdentity", "") == ""


async def _leads(operator: Operator) -> bool:
    return await operator.metric("leader_election_master_status") == 1


ROLE_RULES = [
    {
        "apiGroups": ["trimtab.dev"],
        "resources": ["microservices", "canaryreleases", "servicebindings"],
        "verbs": ["get", "list", "watch", "patch"],
    },
    {
        "apiGroups": ["trimtab.dev"],
        "resources": ["microservices/status", "canaryreleases/status", "servicebindings/status"],
        "verbs": ["patch"],
    },
    {"apiGroups": ["apps"], "resources": ["deployments", "controllerrevisions"], "verbs": ["*"]},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["*"]},
    {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["*"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies", "ingresses"], "verbs": ["*"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["*"]},
    {"apiGroups": ["gateway.networking.k8s.io", "networking.istio.io"], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["monitoring.coreos.com"], "resources": ["podmonitors"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["configmaps", "services", "serviceaccounts"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
]
RBAC = "/apis/rbac.authorization.k8s.io/v1"


async def kubeconfig(
    kube: Kube, home: str, spaces: tuple[str, ...], path: Path, rules: Sequence[Object] = ROLE_RULES
) -> Path:
    """A kubeconfig of a ServiceAccount of `home` that may act in `spaces`, by Roles alone."""
    await kube.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "op", "namespace": home}})
    for space in spaces:
        role = {"metadata": {"name": "op", "namespace": space}, "rules": rules}
        await kube.call("POST", f"{RBAC}/namespaces/{space}/roles", role)
        binding = {
            "metadata": {"name": "op", "namespace": space},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "op"},
            "subjects": [{"kind": "ServiceAccount", "name": "op", "namespace": home}],
        }
        await kube.call("POST", f"{RBAC}/namespaces/{space}/rolebindings", binding)
        await poll(partial(_may, kube, home, space, rules[0]), 60, f"the Role of {space} holds")
    url = f"/api/v1/namespaces/{home}/serviceaccounts/op/token"
    token = (await kube.call("POST", url, {"spec": {"expirationSeconds": 3600}}))["status"]["token"]
    SEARCH.learn(token)
    config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path.write_text(yaml.safe_dump(config))
    return path


async def _may(kube: Kube, home: str, space: str, rule: Object) -> bool:
    """Whether the API server knows the Role, and whose it is."""
    asked = {"group": rule["apiGroups"][0], "resource": rule["resources"][0], "verb": rule["verbs"][0]}
    user = f"system:serviceaccount:{home}:op"
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {"namespace": space, **asked}},
    }
    answer = await kube.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


async def test_namespaced_mode_needs_roles_only_and_leaves_other_namespaces_alone(
    kube: Kube, tmp_path: Path, shop: str
) -> None:
    async with namespace(kube, f"{shop}-b") as second:
        config = await kubeconfig(kube, shop, (shop, second), tmp_path / "kubeconfig")
        env = {
            "KUBECONFIG": str(config),
            "TRIMTAB_NAMESPACES": f"{shop},{second}",
            "TRIMTAB_LEASE_NAMESPACE": shop,
            "TRIMTAB_LEASE_NAME": "namespaced",
        }
        async with running(tmp_path / "log", env=env) as operator:
            for space in (shop, second):
                await Shop(kube, space).apply()
                await Shop(kube, space).ready()
            with pytest.raises(KubeError, match="403"):
                await _as(config, "/apis/trimtab.dev/v1alpha1/microservices")
            assert operator.alive


async def _as(config: Path, url: str) -> Object:
    async with connect(config) as client:
        return await client.call("GET", url)


async def test_without_a_cluster_the_operator_says_so_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    operator = Operator(log, env={"KUBECONFIG": "/nonexistent/kubeconfig"})
    assert await operator.exit_code(120) == 1
    assert "set KUBECONFIG" in log.read_text()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        operator = Operator(log, env={"TRIMTAB_HTTP_HOST": "127.0.0.1", "TRIMTAB_HTTP_PORT": port})
        assert await operator.exit_code(120) == 1
    assert f"cannot serve probes and metrics on 127.0.0.1:{port}" in log.read_text()
    assert "Traceback" not in log.read_text()


async def test_a_watch_that_is_refused_for_good_ends_the_process(kube: Kube, tmp_path: Path, shop: str) -> None:
    """kopf would wait for ever: alive, ready, and deaf (nolar/kopf#1276)."""
    rules = [rule for rule in ROLE_RULES if "coordination.k8s.io" not in rule["apiGroups"]]
    may_lead = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}
    config = await kubeconfig(kube, shop, (shop,), tmp_path / "kubeconfig", [*rules, may_lead])
    env = {"KUBECONFIG": str(config), "TRIMTAB_NAMESPACES": shop, "TRIMTAB_LEASE_NAMESPACE": shop}
    async with running(tmp_path / "log", env=env, wait=False) as operator:
        assert await operator.exit_code(120) == 1
    log = (tmp_path / "log").read_text()
    assert "caches primed" in log, "it was ready, which it may not have been for long enough to be seen"
    assert "leases" in log


GATEWAY_KINDS = {"HTTPRoute": "httproutes", "GRPCRoute": "grpcroutes", "Gateway": "gateways"}


def _gateway_crd(kind: str, plural: str) -> Object:
    """Just enough of the Gateway API for a route to be written."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    group = "gateway.networking.k8s.io"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, a test"}},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": "Namespaced",
            "versions": [{**version, "subresources": {"status": {}}}],
        },
    }


async def test_an_api_that_is_installed_later_is_used_without_a_restart(kube: Kube, tmp_path: Path, shop: str) -> None:
    if await kube.get("CustomResourceDefinition", "", "httproutes.gateway.networking.k8s.io"):
        pytest.skip("this cluster has the Gateway API from the start")
    env = {"TRIMTAB_LEASE_NAME": f"lease-{shop}", "TRIMTAB_LEASE_NAMESPACE": shop}
    async with running(tmp_path / "log", env=env):
        space = Shop(kube, shop)
        await space.apply(expose={"gateway": {"name": "public"}, "hosts": ["shop.example"]})

        async def told() -> bool:
            return "APINotInstalled" in str((await space.get("Microservice") or {}).get("status"))

        await poll(told, 120, "the missing API is named")
        crds = [_gateway_crd(kind, plural) for kind, plural in GATEWAY_KINDS.items()]
        try:
            for crd in crds:
                await kube.create(crd)
            for crd in crds:
                await poll(partial(is_served, kube, crd), 60, f"{crd['metadata']['name']} is served")
            await poll(lambda: space.get("HTTPRoute"), 120, "the route exists")
        finally:
            for crd in crds:
                await remove_crd(kube, crd["metadata"]["name"])


async def test_rights_that_are_missing_are_named_at_start(kube: Kube, tmp_path: Path, shop: str) -> None:
    rules = [rule for rule in ROLE_RULES if "pods" not in rule["resources"]]
    config = await kubeconfig(kube, shop, (shop,), tmp_path / "kubeconfig", rules)
    env = {"KUBECONFIG": str(config), "TRIMTAB_NAMESPACES": shop, "TRIMTAB_LEASE_NAMESPACE": shop}
    async with running(tmp_path / "log", env=env, wait=False) as operator:
        assert await operator.exit_code(120) == 1
    log = (tmp_path / "log").read_text()
    assert "the first lists failed: pods is forbidden" in log
    assert "Traceback" not in log


async def test_a_stop_before_the_api_server_answers_is_heard(tmp_path: Path) -> None:
    config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    log = tmp_path / "log"
    async with running(log, env={"KUBECONFIG": str(tmp_path / "kubeconfig")}, wait=False) as operator:
        await poll(lambda: _says(log, "caches not primed yet"), 120, "the operator waits for the API server")
        assert (await operator.get("/readyz", ANSWERS))[0] == 503
        assert (await operator.get("/healthz", ANSWERS))[0] == 200
        assert await operator.end(signal.SIGTERM, 25) == 0


async def _says(log: Path, text: str) -> bool:
    return text in log.read_text()
