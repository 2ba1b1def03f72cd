"""What is deleted takes all that is its own with it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, new_space, uids
from tests.support.kube import Kube, poll
from tests.support.kubectl import kubectl

JOB = {"name": "migrate", "run": "BeforeRollout", "command": ["/demo-app", "migrate"]}
REPORT = {"name": "report", "run": "Schedule", "schedule": "0 3 1 1 *", "command": ["/demo-app", "version"]}
FULL = {
    "jobs": [JOB, REPORT],
    "env": {"MIGRATE_DURATION": "0s"},
    "config": {"data": {"A": "b"}, "mountPath": "/etc/demo"},
}


@pytest_asyncio.fixture
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "deletion") as space:
        for name in ("goes", "stays"):
            await space.apply(name, images.v1, **FULL)
        await space.ready("goes", "stays")
        yield space


async def test_all_and_only_its_children_go(space: Space) -> None:
    foreign = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {},
        "metadata": {
            "namespace": space.name,
            "name": "somebody-elses",
            "labels": {"trimtab.dev/microservice": "goes"},
        },
    }
    await space.kube.create(foreign)
    kinds = {obj["kind"] for obj in await space.everything("goes")}
    assert {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "CronJob"} <= kinds
    kept = uids(await space.everything("stays"))

    await space.kubectl("delete", "msvc", "goes", "--timeout=120s")

    async def gone() -> bool:
        return {obj["metadata"]["name"] for obj in await space.everything("goes")} == {"somebody-elses"}

    await poll(gone, 300, "the children of 'goes' are gone, and nothing else", every=1)
    assert uids(await space.everything("stays")) == kept
    assert (await space.ask("stays", "/version"))["service"] == "stays"


async def test_a_namespace_finishes_and_nothing_is_made_in_it(space: Space) -> None:
    await asyncio.gather(
        space.apply("goes", "127.0.0.1:9/absent:1", **FULL), space.kubectl("scale", "msvc/stays", "--replicas=2")
    )
    await kubectl("delete", "namespace", space.name, "--timeout=300s", seconds=310)
    assert await space.kube.get("Namespace", "", space.name) is None
