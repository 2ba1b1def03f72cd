"""What is no longer declared goes; and gRPC goes through the Gateway while it is declared."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference, gateway_url
from tests.e2e.load import Load, none_lost
from tests.e2e.space import Space, conditions, new_space
from tests.support.kube import Kube, poll

REPORT = {"name": "report", "run": "Schedule", "schedule": "0 3 * * *", "command": ["/demo-app", "version"]}
OPTIONAL = {"ConfigMap", "CronJob", "HorizontalPodAutoscaler", "HTTPRoute", "Service", "ServiceAccount"}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "pruning") as space:
        yield space


async def kinds(space: Space, name: str) -> set[str]:
    return {obj["kind"] for obj in await space.everything(name)}


async def test_children_that_are_no_longer_declared_go(space: Space, images: Images) -> None:
    await space.apply(
        "shrinks",
        images.v1,
        replicas=None,
        scaling={"min": 1, "max": 2, "cpu": "80%"},
        jobs=[REPORT],
        config={"data": {"A": "b"}, "mountPath": "/etc/demo"},
        expose={"gateway": gateway_reference(), "hosts": [f"{space.name}.example"]},
    )
    await space.ready("shrinks")
    assert await kinds(space, "shrinks") >= OPTIONAL

    await space.apply("shrinks", images.v1, ports=[], health=None, serviceAccount={"name": "default"})
    await space.ready("shrinks")

    async def gone() -> bool:
        return not await kinds(space, "shrinks") & OPTIONAL

    await poll(gone, 240, "the children that nobody wants any more are gone", every=1)

    async def one_pod() -> bool:
        return len(await space.pods("shrinks")) == 1

    await poll(one_pod, 120, "one pod is left", every=0.5)


async def test_grpc_goes_through_the_gateway(space: Space, images: Images) -> None:
    host = f"grpc.{space.name}.example"
    ports = [{"name": "grpc", "port": 8080, "protocol": "GRPC"}]
    health = {"readiness": {"grpc": {}, "periodSeconds": 1}}
    expose = {"gateway": gateway_reference(), "hosts": [host]}
    await space.apply("caller", images.v1, ports=ports, health=health, expose=expose)
    await space.until("caller", lambda o: conditions(o).get("Exposed", {}).get("status") == "True", "it is exposed")
    await space.ready("caller")
    load = Load(
        space=space,
        name="calls",
        url=gateway_url(),
        host=host,
        image=images.v1,
        rate=50,
        seconds=4,
        options=("-protocol", "grpc"),
    )
    summary = await (await load.begin_once_reached()).result()
    none_lost(summary)
    assert set(summary["versions"]) == {images.version(images.v1)}

    await space.apply("caller", images.v1, ports=ports, health=health)

    async def gone() -> bool:
        return "GRPCRoute" not in await kinds(space, "caller")

    await poll(gone, 240, "the route is gone", every=1)
