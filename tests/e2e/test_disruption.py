"""A node that is drained takes one pod at a time, and no more while its replacement is missing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, blockers, is_pod_ready, new_space
from tests.support.kube import Kube, KubeError, Object, path, poll
from tests.support.kubectl import CommandError, kubectl

pytestmark = pytest.mark.alone


@pytest_asyncio.fixture
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "drain") as space:
        yield space


@pytest_asyncio.fixture
async def cordoned(kube: Kube, space: Space, images: Images) -> AsyncIterator[list[str]]:
    """All nodes cordoned after the service has come up, and open again afterwards."""
    await space.apply("steady", images.v1, replicas=2)
    await space.ready("steady")
    nodes = [node["metadata"]["name"] for node in (await kube.list("Node"))["items"]]
    try:
        await kubectl("cordon", *nodes)
        yield nodes
    finally:
        await kubectl("uncordon", *nodes)


async def evict(space: Space, pod: Object) -> None:
    name = pod["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"namespace": space.name, "name": name}}
    await space.kube.call("POST", path("Pod", space.name, name, "eviction"), body)


async def evicted(space: Space, pod: Object) -> None:
    """Evicts it as soon as its budget, which is counted by a controller, lets it go."""

    async def gone() -> bool:
        try:
            await evict(space, pod)
        except KubeError as error:
            if error.code != 429:
                raise
            return False
        return True

    await poll(gone, 120, f"{pod['metadata']['name']} may go", every=0.5)


async def test_a_drain_waits_for_the_replacement(space: Space, cordoned: list[str]) -> None:
    first, second = await space.pods("steady")
    await evicted(space, first)
    await space.until(
        "steady",
        lambda o: "Unschedulable" in blockers(o) and o["status"]["ready"] == "1/2",
        "it says what is missing",
    )

    with pytest.raises(KubeError, match="disruption budget") as refused:
        await evict(space, second)
    assert refused.value.code == 429
    selector = "trimtab.dev/microservice=steady"
    drain = (
        "drain",
        second["spec"]["nodeName"],
        f"--pod-selector={selector}",
        "--delete-emptydir-data",
        "--timeout=10s",
    )
    with pytest.raises(CommandError, match="disruption budget"):
        await kubectl(*drain, "--ignore-daemonsets")
    assert is_pod_ready(
        next(p for p in await space.pods("steady") if p["metadata"]["uid"] == second["metadata"]["uid"])
    )
    assert (await space.ask("steady", "/version"))["service"] == "steady"

    await kubectl("uncordon", *cordoned)
    await space.ready("steady")

    await evicted(space, second)  # with the replacement ready, the second may go
    await space.ready("steady")
