"""What Flux and Argo CD make of a Microservice while it lives: never done too early, never stuck."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, new_space
from tests.support.kstatus import Kstatus, kstatus
from tests.support.kube import Kube, Object
from tests.support.mirror import Mirror, mirroring


@pytest_asyncio.fixture
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "kstatus") as space:
        yield space


def readings(mirror: Mirror, since: int) -> list[Kstatus]:
    """What a GitOps tool would have said at each change of the resource from this generation on, repetitions left out.

    A report on the generation before may come at any time before that.
    """
    seen = [s.obj for s in mirror.history if s.type != "DELETED"]
    said = [kstatus(obj) for obj in seen if obj["metadata"]["generation"] >= since]
    return [one for i, one in enumerate(said) if i == 0 or said[i - 1] != one]


def generation_of(obj: Object) -> int:
    return int(obj["metadata"]["generation"])


async def settles(mirror: Mirror, generation: int, wanted: Kstatus) -> None:
    """Waits until the resource reads `wanted` at its newest generation."""

    def settled() -> bool:
        (obj,) = mirror.objects.values()
        observed = obj.get("status", {}).get("observedGeneration")
        return observed == obj["metadata"]["generation"] == generation and kstatus(obj) == wanted

    await mirror.until(settled, 240, lambda: f"{wanted} at generation {generation}: {list(mirror.objects.values())}")


async def test_each_phase_reads_as_it_should(space: Space, images: Images) -> None:
    async with mirroring(["Microservice"], space.name) as mirror:
        generation = generation_of(await space.apply("one", images.v1))
        await mirror.until(lambda: mirror.objects, 60, "it is there")
        await settles(mirror, generation, "Current")
        assert readings(mirror, 1) == ["InProgress", "Current"], "never done before it was begun"

        generation = generation_of(await space.apply("one", images.v2))
        await settles(mirror, generation, "Current")
        assert readings(mirror, generation) == ["InProgress", "Current"]

        failing = {"name": "migrate", "run": "BeforeRollout", "command": ["/demo-app", "migrate"], "retries": 0}
        fails = {"MIGRATE_FAIL": "true", "MIGRATE_DURATION": "0s"}
        generation = generation_of(await space.apply("one", images.v1, jobs=[failing], env=fails))
        await settles(mirror, generation, "Failed")
        assert readings(mirror, generation) == ["InProgress", "Failed"]

        generation = generation_of(await space.apply("one", images.v2))
        await settles(mirror, generation, "Current")
        assert readings(mirror, generation)[-1] == "Current", "nothing of the failure stays behind"

        await space.kubectl("delete", "msvc", "one", "--cascade=foreground", "--timeout=240s", seconds=250)
        await mirror.until(lambda: not mirror.objects, 60, "it is gone")
        assert readings(mirror, 0)[-1] == "Terminating"
