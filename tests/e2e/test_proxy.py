"""Services with the proxy in their pods: they run, are counted, and lose no request when they change."""

import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference, gateway_url, through_gateway
from tests.e2e.load import ALLOW, Load, counted, few_late, kept_pace, lost, none_lost, told
from tests.e2e.space import UNDER_LOAD, Space, new_space
from tests.support.figures import Figures
from tests.support.kube import Kube, KubeError, Object, path, poll

LIMITS = {"timeout": "2s", "maxConnections": 200, "maxPending": 200}
USUAL: dict[str, Any] = {"replicas": 2, "network": ALLOW, **UNDER_LOAD, "shutdown": None}
"""What a service under load has, and the default drain."""

GRPC: dict[str, Any] = {
    **USUAL,
    "resilience": {},
    "ports": [{"name": "grpc", "port": 8080, "protocol": "GRPC"}],
    "health": {"readiness": {"grpc": {}, "periodSeconds": 3, "timeoutSeconds": 3}},
}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "proxy") as space:
        yield space


async def exposed(space: Space, image: str, **spec: Any) -> Object:
    """Applies the service that both ways of load reach, and waits until it is Ready."""
    expose = {"gateway": gateway_reference(), "hosts": [f"{space.name}.example"]}
    health = {"readiness": {"path": "/readyz", "periodSeconds": 3, "timeoutSeconds": 3}}
    spec = {**USUAL, "health": health, "expose": expose, "resilience": LIMITS, **spec}
    await space.apply("orders", image, **spec)
    (obj,) = await space.ready("orders")
    return obj


def proxies(pod: Object) -> list[Object]:
    return [each for each in pod["status"].get("initContainerStatuses", ()) if each["name"] == "trimtab-proxy"]


async def test_a_service_with_limits_runs_behind_the_proxy(space: Space, images: Images) -> None:
    await exposed(space, images.v1)
    await space.answers("orders", service="orders")
    for pod in await space.pods("orders"):
        (proxy,) = proxies(pod)
        assert (proxy["ready"], proxy["restartCount"]) == (True, 0)
    (slice_,) = await space.owned("EndpointSlice", "orders")
    assert [port["port"] for port in slice_["ports"]] == [15100]
    refused = [e for e in (await space.kube.list("Event", space.name))["items"] if e.get("reason") == "FailedCreate"]
    assert not refused, "`restricted` is enforced here"
    log = await space.kubectl("logs", (await space.pods("orders"))[0]["metadata"]["name"])
    assert "serving" in log, "of the service, not of the proxy"


async def test_of_the_administration_interface_only_the_metrics_are_reached(space: Space, images: Images) -> None:
    await exposed(space, images.v1)
    (pod, *_) = await space.pods("orders")

    async def get(port: int, what: str) -> Any:
        name = f"{pod['metadata']['name']}:{port}"
        return await space.kube.call("GET", path("Pod", space.name, name, "proxy") + what)

    with pytest.raises(KubeError):
        await get(15000, "/ready")
    with pytest.raises(KubeError):
        await get(15090, "/config_dump")


async def test_prometheus_counts_requests_by_revision_and_listener(space: Space, images: Images) -> None:
    revision = (await exposed(space, images.v1))["status"]["revision"]
    before = await requests(space, revision)
    for _ in range(20):
        await space.ask("orders")
    await poll(lambda: _grown(space, revision, before["direct"] + 20), 120, "20 requests more on `direct`", every=0.5)
    assert (await requests(space, revision))["routed"] == 0


async def _grown(space: Space, revision: str, wanted: float) -> bool:
    return (await requests(space, revision)).get("direct", 0) >= wanted


async def requests(space: Space, revision: str) -> dict[str, float]:
    """Requests that Prometheus has counted, by listener."""
    selector = f'trimtab_namespace="{space.name}",trimtab_microservice="orders",trimtab_revision="{revision}"'
    query = f"sum by (envoy_http_conn_manager_prefix) (envoy_http_downstream_rq_total{{{selector}}})"
    url = f"{os.environ['TRIMTAB_PROMETHEUS_URL']}/api/v1/query"

    async def look() -> dict[str, float]:
        async with aiohttp.ClientSession() as session, session.get(url, params={"query": query}) as response:
            found = (await response.json())["data"]["result"]
        return {each["metric"]["envoy_http_conn_manager_prefix"]: float(each["value"][1]) for each in found}

    found: dict[str, float] = await poll(look, 120, "Prometheus knows the revision", every=0.5)
    return found


async def judged(loads: list[Load], figures: Figures, what: str) -> None:
    summaries = [await load.result() for load in loads]
    for load, summary in zip(loads, summaries, strict=True):
        figures.add(f"{what}: requests {load.name}", *counted(summary))
    for summary in summaries:
        none_lost(summary)
        kept_pace(summary, 100)


async def test_changes_of_image_and_of_limits_lose_no_request(space: Space, images: Images, figures: Figures) -> None:
    """From v1 to v2, then without the proxy, then with it again: by the gateway and from a pod."""
    await exposed(space, images.v1)
    host = f"{space.name}.example"
    await poll(lambda: through_gateway(host), 120, "the Gateway answers")
    usual: dict[str, Any] = {"space": space, "image": images.v1, "rate": 110, "seconds": 75}
    loads = [
        Load(name="http-gateway", url=gateway_url(), host=host, **usual),
        Load(name="http-pod", url="http://orders:8080/", **usual),
    ]
    for load in loads:
        await load.begin()
    revisions = {
        (await exposed(space, images.v2))["status"]["revision"],
        (await exposed(space, images.v2, resilience=None))["status"]["revision"],
    }
    assert not any(proxies(pod) for pod in await space.pods("orders"))
    revisions.add((await exposed(space, images.v2))["status"]["revision"])
    assert len(revisions) == 2, "back with its limits the spec is the revision that it was"
    await judged(loads, figures, "changes of a service with the proxy")


async def test_a_change_of_a_grpc_service_loses_no_call(space: Space, images: Images, figures: Figures) -> None:
    await space.apply("stock", images.v1, **GRPC)
    await space.ready("stock")
    options = ("-protocol", "grpc")
    load = Load(
        space=space, name="grpc-pod", url="http://stock:8080/", image=images.v1, seconds=40, rate=110, options=options
    )
    await load.begin()
    await space.apply("stock", images.v2, **GRPC)
    await space.ready("stock")
    await judged([load], figures, "change of a gRPC service with the proxy")


async def test_requests_beyond_the_rate_are_shed(space: Space, images: Images) -> None:
    limits = {"rateLimit": {"requestsPerSecond": 30}}
    await space.apply("shed", images.v1, **{**USUAL, "replicas": 1, "resilience": limits})
    await space.ready("shed")
    load = Load(space=space, name="too-many", url="http://shed:8080/", image=images.v1, seconds=15, rate=100)
    await load.begin()
    summary = await load.result()
    assert set(lost(summary)) == {"http 429"}, told(summary)
    few_late(summary)
    # A proxy that stands still for seconds saves up no more than a burst.
    assert 100 <= summary["received"] <= 30 * (3 + summary["seconds"]), "30 a second, and as many in a burst"
