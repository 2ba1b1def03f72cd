"""An operator that is newer than its CRDs: it says what it can, and does not judge by what it could not keep."""

import copy
import uuid
from typing import Any

import pytest
from tests.support.kube import Kube, KubeError, namespace, poll

from trimtab.adapters.kubernetes import cluster as adapter
from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.objects import ref_of, uid_of
from trimtab.ports.cluster import InvalidError

NAME = "canaryreleases.trimtab.dev"
RELEASE: dict[str, Any] = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "CanaryRelease",
    "spec": {
        "targets": [{"name": "orders"}],
        "strategy": {"allAtOnce": {"bake": "60s"}},
        "kpis": [{"name": "errors", "requests": {"successRate": "99%"}}],
    },
}
STATUS = {
    "phase": "Progressing",
    "kpis": [{"target": "orders", "name": "errors", "verdict": "Pass", "message": "m", "promote": "3%"}],
    "targets": [{"name": "orders", "arrivals": "x"}],
    "progress": {"anything": {"goes": 1}},
}
OLDER = {
    **STATUS,
    "kpis": [{"target": "orders", "name": "errors", "verdict": "Pass", "message": "m"}],
    "targets": [{"name": "orders"}],
}


async def test_a_status_is_written_as_far_as_the_crd_declares_it(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = (await kube.get("CustomResourceDefinition", "", NAME) or {})["spec"]["versions"]
    older = copy.deepcopy(versions)
    status = older[0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    del status["kpis"]["items"]["properties"]["promote"], status["targets"]["items"]["properties"]["arrivals"]
    connection = await Connection.load()
    async with connection.session(limit=8) as session, namespace(kube, f"older-{uuid.uuid4().hex[:8]}") as space:
        made = await kube.create({**RELEASE, "metadata": {"namespace": space, "name": "orders"}})
        cluster = KubernetesCluster(ApiClient(session, connection.server, MemoryLease(lambda: 1.0)), ObjectCache())

        async def write() -> dict[str, Any]:
            ref = ref_of({**RELEASE, "metadata": made["metadata"]})
            written: dict[str, Any] = (await cluster.apply_status(ref, STATUS, uid=uid_of(made)))["status"]
            return written

        async def said(wanted: dict[str, Any]) -> bool:
            try:
                found = await write()
            except InvalidError:
                return False  # what the API server publishes is about to follow what it enforces
            return {name: found[name] for name in wanted} == wanted

        async def renewed() -> bool:
            """What is published may be new before what is enforced; then all is written, but still as to an old one."""
            return await said(STATUS) and cluster.is_current("CanaryRelease")

        assert await said(STATUS)
        await _define(kube, older)
        try:
            await poll(lambda: said(OLDER), 120, "what the CRD does not declare is left out", every=0.3)
            assert not cluster.is_current("CanaryRelease")
            assert await said(OLDER)
        finally:
            await _define(kube, versions)
        assert not cluster.is_current("CanaryRelease"), "not every write asks again"
        monkeypatch.setattr(adapter, "RELEARN", 0.0)
        await poll(renewed, 120, "all of it is written once the CRD is new", every=0.3)


async def _define(kube: Kube, versions: list[Any]) -> None:
    async def done() -> bool:
        try:
            await kube.patch("CustomResourceDefinition", "", NAME, {"spec": {"versions": versions}})
        except KubeError as error:
            if error.code != 409:
                raise
            return False
        return True

    await poll(done, 60, "the CRD is changed")
