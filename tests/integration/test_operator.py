"""The operator as a process against a real API server."""

import asyncio
import json
import os
import time
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.integration.shop import LOOK, SERVICE_KINDS, Shop, at_rest, changes, until, writes
from tests.support.audit import AuditLog, Request
from tests.support.kube import Kube, namespace, poll
from tests.support.operator import AGENTS, ANSWERS, Operator, running

AT_ONCE = 60
"""Seconds, however busy the machine is: by the watch, since no resync comes before 480."""


@pytest.fixture(scope="session")
def audit() -> AuditLog:
    return AuditLog(os.environ["TRIMTAB_AUDIT_LOG"])


@pytest_asyncio.fixture(scope="module")
async def operator(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    log = tmp_path_factory.mktemp("operator") / "log"
    async with running(log, env={"TRIMTAB_LOG_FORMAT": "json", "TRIMTAB_LEASE_NAME": "spine"}) as process:
        yield process


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    async with namespace(kube, f"op-{uuid.uuid4().hex[:8]}") as name:
        yield name


@pytest_asyncio.fixture
async def shop_(kube: Kube, shop: str, operator: Operator) -> Shop:
    return Shop(kube, shop)


async def test_a_microservice_becomes_its_children_and_then_ready(shop_: Shop) -> None:
    await shop_.apply()
    resource = await shop_.ready()
    children = await shop_.children()
    assert set(children) == set(SERVICE_KINDS)
    assert resource["status"]["ready"] == "2/2"
    assert resource["status"]["observedGeneration"] == resource["metadata"]["generation"]
    pods = (await shop_.kube.list("Pod", shop_.space))["items"]
    assert len(pods) == 2


async def test_an_owned_field_comes_back_at_once_and_a_foreign_one_stays(shop_: Shop) -> None:
    await shop_.apply()
    await shop_.ready()
    foreign = {"metadata": {"annotations": {"argocd.example/tracking": "x"}}}
    await shop_.kube.patch("Service", shop_.space, "orders", foreign)
    await shop_.kube.patch("Deployment", shop_.space, "orders", {"spec": {"replicas": 5, "minReadySeconds": 7}})

    async def repaired() -> bool:
        return bool((await shop_.get("Deployment") or {})["spec"]["replicas"] == 2)

    await until(repaired, AT_ONCE, "replicas are ours again")
    service = await shop_.get("Service")
    assert service is not None
    assert service["metadata"]["annotations"]["argocd.example/tracking"] == "x"


async def test_a_deleted_child_returns_at_once(shop_: Shop) -> None:
    await shop_.apply()
    await shop_.ready()
    for kind in ("Service", "NetworkPolicy", "ServiceAccount"):
        before = await shop_.get(kind)
        await shop_.kube.delete(kind, shop_.space, "orders")

        async def returned(kind: str = kind, uid: str = before["metadata"]["uid"]) -> bool:  # type: ignore[index]
            found = await shop_.get(kind)
            return found is not None and found["metadata"]["uid"] != uid

        await until(returned, AT_ONCE, f"{kind} is back")


async def test_a_lost_label_returns(shop_: Shop) -> None:
    """The watch says DELETED when the label goes; the object must neither be made twice nor stay unlabelled."""
    await shop_.apply()
    before = (await shop_.ready())["metadata"]["uid"]
    label = "app.kubernetes.io/managed-by"
    await shop_.kube.patch("Service", shop_.space, "orders", {"metadata": {"labels": {label: None}}})

    async def labelled() -> bool:
        return bool((await shop_.get("Service") or {})["metadata"]["labels"].get(label) == "trimtab")

    await until(labelled, AT_ONCE, "the label is back")
    assert (await shop_.get("Microservice") or {})["metadata"]["uid"] == before


async def test_an_object_of_another_is_never_overwritten(shop_: Shop) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "orders", "namespace": shop_.space},
        "spec": {"type": "ExternalName", "externalName": "elsewhere.example"},
    }
    created = await shop_.kube.create(theirs)
    await shop_.apply()
    resource = await shop_.reason("NameConflict")
    assert "orders" in json.dumps(resource["status"]["conditions"])
    service = await shop_.get("Service")
    assert service is not None
    assert service["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    await shop_.kube.delete("Service", shop_.space, "orders")
    # No watch shows an object that is not ours: the next look finds the way free.
    await shop_.apply(env=[{"name": "LOOK", "value": "again"}])
    await shop_.ready()


async def test_deleting_a_microservice_removes_all_and_only_its_children(shop_: Shop) -> None:
    await shop_.apply()
    await shop_.apply("stock")
    await shop_.ready()
    await shop_.ready("stock")
    await shop_.kube.delete("Microservice", shop_.space, "orders")

    async def gone() -> bool:
        children = await shop_.children()
        return all("orders" not in name for names in children.values() for name in names)

    # The garbage collector looks for new kinds every 30 s only, so right after the CRD was made it takes a while.
    await poll(gone, 300, "the children of orders are gone")
    children = await shop_.children()
    assert set(children) == set(SERVICE_KINDS)
    assert all(name.startswith("stock") for names in children.values() for name in names)


async def test_a_terminating_namespace_goes_and_nothing_is_made_in_it(kube: Kube, operator: Operator) -> None:
    async with namespace(kube, f"op-{uuid.uuid4().hex[:8]}") as space:
        shop = Shop(kube, space)
        await shop.apply()
        await shop.ready()
        await kube.delete("Namespace", "", space)

        async def gone() -> bool:
            return await kube.get("Namespace", "", space) is None

        await poll(gone, 300, "the namespace is gone")
        assert operator.alive


async def test_an_idle_operator_asks_for_nothing(shop_: Shop, audit: AuditLog, operator: Operator) -> None:
    names = [f"idle-{number}" for number in range(5)]
    await asyncio.gather(*(shop_.apply(name) for name in names))
    await asyncio.gather(*(shop_.ready(name) for name in names))
    mark, deadline = await _quiet(audit, shop_.space), time.monotonic() + 180
    while asked := await _requests(audit, shop_.space, within=20):
        # Kubernetes may be late, and what it writes is to be seen to: only then it begins anew.
        late = [each for each in changes(audit, mark, shop_.space) if not each.agent.startswith(AGENTS)]
        assert late, asked
        assert time.monotonic() < deadline, "Kubernetes does not come to rest"
        mark = await _quiet(audit, shop_.space)


async def _quiet(audit: AuditLog, space: str) -> int:
    """Returns once nobody has written in the namespace, and then the operator asked for nothing, for some seconds.

    The result is the mark of `at_rest`: what was written after it may still have to be seen to.
    """
    mark, deadline = await at_rest(audit, space), time.monotonic() + 60
    while await _requests(audit, space, within=3):
        assert time.monotonic() < deadline, "the operator has not come to rest"
    return mark


async def _requests(audit: AuditLog, space: str, *, within: float) -> list[Request]:
    """Its first requests in a namespace or about none in particular, but for watches; empty if none comes in time."""
    mark = audit.mark()
    for _ in range(round(within / LOOK)):
        await asyncio.sleep(LOOK)
        asked = [request for request in audit.since(mark, *AGENTS) if request.verb != "watch"]
        if found := [each for each in asked if each.namespace == space or not (each.namespace or each.name)]:
            return found
    return []


async def test_kopf_writes_nothing(shop_: Shop, audit: AuditLog) -> None:
    await shop_.apply()
    await shop_.ready()
    assert writes(audit, 0, "kopf/") == []
    assert list(audit.since(0, "trimtab/")), "the audit log does not know the operator at all"


async def test_every_reconcile_is_one_line_of_json(shop_: Shop, operator: Operator) -> None:
    await shop_.apply("logged")
    await shop_.ready("logged")
    whole = operator.log.read_text().rpartition("\n")[0]  # of the last line, a part may be written
    lines = [json.loads(line) for line in whole.splitlines()]
    runs = [line for line in lines if line.get("key") == f"Microservice/{shop_.space}/logged"]
    assert runs
    for line in runs:
        assert {"generation", "outcome", "reason", "duration_ms", "writes", "trace"} <= set(line)
    assert sum(line["writes"] for line in runs) >= len(SERVICE_KINDS)


async def test_metrics_have_the_names_of_controller_runtime(shop_: Shop, operator: Operator) -> None:
    await shop_.apply()
    await shop_.ready()
    page = (await operator.get("/metrics", ANSWERS))[1]
    for name in (
        "controller_runtime_reconcile_total",
        "controller_runtime_reconcile_time_seconds_bucket",
        "workqueue_depth",
        "workqueue_adds_total",
        "rest_client_requests_total",
        "leader_election_master_status",
        "trimtab_watch_events_total",
        "trimtab_watch_age_seconds",
    ):
        assert f"\n{name}{{" in page, name
    assert shop_.space not in page, "object names must not become label values"
    assert (await operator.get("/healthz", ANSWERS))[0] == 200
