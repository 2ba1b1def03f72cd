"""Autoscaling by the metrics of real pods."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.load import ALLOW, LONGEST, Load
from tests.e2e.space import Space, conditions, new_space
from tests.support.kube import Kube, Object, poll
from tests.support.kubectl import table
from tests.support.mirror import Mirror, mirroring

BURN = "http://burner:8080/burn?ms=20"


@pytest_asyncio.fixture
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "scaling") as space:
        yield space


def wanted(mirror: Mirror, kind: str) -> list[int]:
    """Each number of replicas that objects of one kind asked for, in the order of its changes."""
    numbers = [s.obj["spec"].get("replicas", 0) for s in mirror.history if s.kind == kind]
    return [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n]


async def burner(space: Space, image: str, ceiling: int) -> Object:
    return await space.apply(
        "burner",
        image,
        replicas=None,
        network=ALLOW,
        scaling={"min": 1, "max": ceiling, "cpu": "50%"},
        resources={"requests": {"cpu": "40m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    )


def scales(obj: Object) -> bool:
    return conditions(obj).get("ScalingActive", {}).get("status") == "True"


async def measured(space: Space) -> dict[str, str] | None:
    """What kubectl shows of the autoscaler; None while there are no metrics of a pod, as of one that has just begun."""
    (row,) = table(await space.kubectl("get", "hpa"))
    return None if "<unknown>" in row["TARGETS"] else row


async def test_replicas_follow_the_load_and_belong_to_the_autoscaler(space: Space, images: Images) -> None:
    async with mirroring(["Microservice", "Deployment", "HorizontalPodAutoscaler"], space.name) as mirror:
        await burner(space, images.v1, ceiling=2)
        first = (await space.ready("burner"))[0]
        assert first["spec"]["replicas"] == 1, "written once, so that /scale answers"
        # 10 requests of 20 ms a second want 200 millicores where 40 are requested and half of them is the aim:
        # enough for three pods, also on a busy machine that gives less.
        load = await Load(
            space=space, name="burn", url=BURN, image=images.v1, rate=10, seconds=LONGEST, options=("-post-every", "0")
        ).begin()
        grown = await space.until("burner", lambda o: o["status"].get("ready") == "2/2", "it has grown", seconds=300)
        assert grown["spec"]["replicas"] == 2
        await space.until("burner", scales, "the autoscaler has what it goes by")

        row = await poll(lambda: measured(space), 120, "the autoscaler has measured")
        assert row["REFERENCE"] == "Microservice/burner"
        assert "/50%" in row["TARGETS"]

        # A changed spec makes the operator write again: the number of replicas is not its own to write.
        await burner(space, images.v1, ceiling=3)
        grown = await space.until("burner", lambda o: o["status"].get("ready") == "3/3", "it grows on", seconds=300)
        await space.kubectl("delete", "pod", load.name, "--grace-period=1")
        writers = {
            m["manager"] for m in grown["metadata"]["managedFields"] if "f:replicas" in m["fieldsV1"].get("f:spec", {})
        }
        assert "trimtab" not in writers
        for kind in ("Microservice", "Deployment"):
            numbers = [n for n in wanted(mirror, kind) if n]
            assert numbers == sorted(numbers), f"{kind}: nobody fought the autoscaler"
