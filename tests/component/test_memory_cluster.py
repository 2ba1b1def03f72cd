"""The memory fake keeps the contract of the cluster port."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.component.contracts.cluster import ClusterContract

from trimtab.adapters.memory.cluster import MemoryCluster
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain.objects import Object, ObjectRef, ref_of

UNSERVED = ObjectRef(api_version="nothing.example/v1", kind="Nothing", namespace="", name="nothing")


class MemoryWorld:
    """See World."""

    namespace = "shop"
    unserved = UNSERVED

    def __init__(self, server: MemoryServer, lease: MemoryLease) -> None:
        self._server = server
        self._lease = lease

    async def create(self, obj: Mapping[str, Any]) -> Object:
        return self._server.create(obj)

    async def edit(self, ref: ObjectRef, patch: Mapping[str, Any]) -> Object:
        return self._server.edit(ref, lambda obj: _merge(obj, patch))

    async def get(self, ref: ObjectRef) -> Object | None:
        return self._server.get(ref)

    async def delete(self, ref: ObjectRef) -> None:
        self._server.delete(ref)

    async def ensure(self, obj: Mapping[str, Any]) -> None:
        if self._server.get(ref_of(obj)) is None:
            self._server.create(obj)

    async def begin_deletion(self, ref: ObjectRef) -> None:
        self._server.delete(ref)

    async def terminate(self) -> str:
        self._server.terminating.add("ending")
        return "ending"

    def end_lease(self) -> None:
        self._lease.until = 0.0


def _merge(obj: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, Mapping):
            _merge(obj.setdefault(name, {}), value)
        else:
            obj[name] = value


class TestMemoryCluster(ClusterContract):
    @pytest.fixture
    def server(self) -> MemoryServer:
        server = MemoryServer()
        server.unserved = {(UNSERVED.api_version, UNSERVED.kind)}
        return server

    @pytest.fixture
    def lease(self) -> MemoryLease:
        return MemoryLease(lambda: 1.0)

    @pytest.fixture
    def cluster(self, server: MemoryServer, lease: MemoryLease) -> MemoryCluster:
        return MemoryCluster(server, lease)

    @pytest.fixture
    def world(self, server: MemoryServer, lease: MemoryLease) -> MemoryWorld:
        return MemoryWorld(server, lease)
