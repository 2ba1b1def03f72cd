"""A service that an Ingress exposes, of a class whose controller is played by the test."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference
from tests.e2e.space import Space, conditions, new_space
from tests.support.kube import Kube, Object, poll

HOSTS = ["shown.example"]


@pytest_asyncio.fixture
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "ingress") as space:
        await space.apply("shown", images.v1, expose={"ingressClassName": "played", "hosts": HOSTS})
        yield space


def exposed(microservice: Object) -> Object:
    found: Object = conditions(microservice).get("Exposed", {})
    return found


async def test_an_ingress_leads_to_the_service_until_a_gateway_does(space: Space, images: Images) -> None:
    waiting = await space.until("shown", lambda o: exposed(o).get("reason") == "RoutePending", "no address yet")
    assert "IngressClass played" in exposed(waiting)["message"]
    ingress = await poll(lambda: space.kube.get("Ingress", space.name, "shown"), 120, "the Ingress is made")
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == HOSTS[0]
    assert rule["http"]["paths"][0]["backend"] == {"service": {"name": "shown", "port": {"number": 8080}}}

    status = {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}}
    await space.kube.patch("Ingress", space.name, "shown", status, "status")
    told = await space.until("shown", lambda o: exposed(o).get("status") == "True", "an address")
    assert "lb.example" in exposed(told)["message"]

    await space.apply("shown", images.v1, expose={"gateway": gateway_reference(), "hosts": HOSTS})
    await space.until("shown", lambda o: exposed(o).get("status") == "True", "exposed by the Gateway")
    await poll(lambda: _is_gone(space), 120, "the Ingress is pruned")


async def _is_gone(space: Space) -> bool:
    return await space.kube.get("Ingress", space.name, "shown") is None
