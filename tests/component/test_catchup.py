"""Which lists make sure that a service's first revision knows the bindings that were applied with it."""

import asyncio
from typing import Any

import pytest

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.catchup import CatchUp
from trimtab.adapters.kubernetes.kinds import Kind
from trimtab.domain.objects import Object
from trimtab.ports.cluster import UnavailableError


def service(name: str, namespace: str = "shop") -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": f"{namespace}/{name}", "resourceVersion": "1"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": {}}


class Api:
    """Answers with the bindings that there are when the request comes, once `answers` is set."""

    def __init__(self) -> None:
        self.bindings: list[str] = []
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.fails = False

    async def read(self, _: Kind, path: str, **__: Any) -> dict[str, Any]:
        self.asked.append(path)
        found = [{"metadata": {"name": name}} for name in self.bindings]
        await self.answers.wait()
        if self.fails:
            raise UnavailableError("no answer")
        return {"metadata": {}, "items": found}


class Rig:
    def __init__(self, *known: Object) -> None:
        self.api = Api()
        self.cache = ObjectCache()
        self.found: list[str] = []
        for each in known:
            self.cache.put(each)
        self.catch_up = CatchUp(self.api, self.cache, lambda obj: self.found.append(obj["metadata"]["name"]))  # type: ignore[arg-type]


async def test_one_list_serves_all_services_that_were_known_when_it_began() -> None:
    services = [service(f"s{number}") for number in range(100)]
    rig = Rig(*services)
    rig.api.bindings = ["table"]
    await asyncio.gather(*map(rig.catch_up, services))
    await rig.catch_up(services[7])
    assert (len(rig.api.asked), rig.found) == (1, ["table"])


async def test_a_service_that_appears_while_a_list_runs_gets_another_one() -> None:
    first, second = service("first"), service("second")
    rig = Rig(first)
    rig.api.answers.clear()
    running = asyncio.create_task(rig.catch_up(first))
    await asyncio.sleep(0)
    rig.api.bindings = ["table"]  # the running list has been answered without it
    rig.cache.put(second)
    late = asyncio.create_task(rig.catch_up(second))
    await asyncio.sleep(0)
    assert not late.done()
    rig.api.answers.set()
    await asyncio.gather(running, late)
    assert (len(rig.api.asked), rig.found) == (2, ["table"])


async def test_a_service_that_was_made_anew_under_its_name_gets_another_list() -> None:
    rig = Rig(service("orders"))
    await rig.catch_up(service("orders"))
    anew = dict(service("orders"))
    anew["metadata"] |= {"uid": "another", "resourceVersion": "2"}
    rig.cache.put(anew)
    await rig.catch_up(anew)
    assert len(rig.api.asked) == 2


async def test_each_namespace_has_lists_of_its_own() -> None:
    services = [service("orders", namespace) for namespace in ("shop", "stock")]
    rig = Rig(*services)
    await asyncio.gather(*map(rig.catch_up, services))
    assert sorted(path.split("/")[5] for path in rig.api.asked) == ["shop", "stock"]


async def test_whoever_needs_no_list_does_not_wait_for_that_of_others() -> None:
    first, second = service("first"), service("second")
    rig = Rig(first)
    await rig.catch_up(first)
    rig.api.answers.clear()
    late = asyncio.create_task(rig.catch_up(second))
    await asyncio.sleep(0)
    await asyncio.wait_for(rig.catch_up(first), 60)
    assert not late.done()
    rig.api.answers.set()
    await late


async def test_a_list_that_failed_serves_nobody() -> None:
    rig = Rig(service("orders"))
    rig.api.fails = True
    with pytest.raises(UnavailableError):
        await rig.catch_up(service("orders"))
    rig.api.fails = False
    await rig.catch_up(service("orders"))
    assert len(rig.api.asked) == 2
