"""The real adapter keeps the contract of the cluster port on a real API server."""

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from tests.component.contracts.cluster import ClusterContract, config_map
from tests.support.kube import Kube, KubeError, namespace, poll

from trimtab.adapters.kubernetes import kinds
from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.objects import Object, ObjectRef

NOTHING = kinds.Kind(api_version="nothing.example/v1", kind="Nothing", plural="nothings")


class RealWorld:
    """See World."""

    unserved = ObjectRef(api_version=NOTHING.api_version, kind=NOTHING.kind, namespace="", name="nothing")

    def __init__(self, kube: Kube, space: str, lease: MemoryLease) -> None:
        self._kube = kube
        self._lease = lease
        self.namespace = space
        self.ending: str | None = None

    async def create(self, obj: Mapping[str, Any]) -> Object:
        return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], **await self._kube.create(dict(obj))}

    async def edit(self, ref: ObjectRef, patch: Mapping[str, Any]) -> Object:
        return await self._kube.patch(ref.kind, ref.namespace, ref.name, dict(patch))

    async def get(self, ref: ObjectRef) -> Object | None:
        return await self._kube.get(ref.kind, ref.namespace, ref.name)

    async def delete(self, ref: ObjectRef) -> None:
        await self._kube.delete(ref.kind, ref.namespace, ref.name)

        async def gone() -> bool:
            return await self.get(ref) is None

        await poll(gone, 60, f"{ref} is gone")

    async def ensure(self, obj: Mapping[str, Any]) -> None:
        try:
            await self._kube.create(dict(obj))
        except KubeError as error:
            if error.code != 409:
                raise

    async def begin_deletion(self, ref: ObjectRef) -> None:
        await self._kube.delete(ref.kind, ref.namespace, ref.name)

    async def terminate(self) -> str:
        """A finalizer on an object in it keeps the namespace terminating until the test is over."""
        self.ending = f"ending-{uuid.uuid4().hex[:8]}"
        await self._kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.ending}})
        held = config_map(self.ending, name="held")
        held["metadata"]["finalizers"] = ["example.com/hold"]
        await self._kube.create(held)
        await self._kube.delete("Namespace", "", self.ending)
        return self.ending

    async def let_go(self) -> None:
        if self.ending:
            await self._kube.patch("ConfigMap", self.ending, "held", {"metadata": {"finalizers": None}})

    def end_lease(self) -> None:
        self._lease.until = 0.0


class TestKubernetesCluster(ClusterContract):
    @pytest_asyncio.fixture
    async def lease(self) -> MemoryLease:
        return MemoryLease(lambda: 1.0)

    @pytest_asyncio.fixture
    async def world(self, kube: Kube, lease: MemoryLease) -> AsyncIterator[RealWorld]:
        async with namespace(kube, f"contract-{uuid.uuid4().hex[:8]}") as name:
            world = RealWorld(kube, name, lease)
            yield world
            await world.let_go()

    @pytest_asyncio.fixture
    async def cluster(self, lease: MemoryLease, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KubernetesCluster]:
        monkeypatch.setitem(kinds._TABLE, (NOTHING.api_version, NOTHING.kind), NOTHING)
        connection = await Connection.load()
        async with connection.session(limit=8) as session:
            client = ApiClient(session, connection.server, lease)
            yield KubernetesCluster(client, ObjectCache())
