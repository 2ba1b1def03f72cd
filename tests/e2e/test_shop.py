"""The shop: web -> orders -> stock behind the Gateway, and the commands that people use on it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference, gateway_url, through_gateway
from tests.e2e.load import ALLOW, LONGEST, Load, counted, kept_pace, none_failed
from tests.e2e.space import UNDER_LOAD, Space, is_pod_ready, microservice, new_space
from tests.support.figures import Figures
from tests.support.kube import Kube, Object, poll
from tests.support.kubectl import kubectl, table

CHAIN = ("web", "orders", "stock")
COLUMNS = ["NAME", "READY", "REASON", "VERSION", "REVISION", "REPLICAS", "WAITING-FOR", "AGE"]


def shop(space: Space, image: str) -> list[Object]:
    """The three Microservices, each calling the next; only web is exposed."""
    web, orders, stock = CHAIN
    host = f"{space.name}.example"
    parts: dict[str, dict[str, Any]] = {
        web: {"env": _calls(orders), "network": ALLOW, "expose": {"gateway": gateway_reference(), "hosts": [host]}},
        orders: {"env": _calls(stock), "network": {"allowFrom": [{"microservice": web}]}},
        stock: {"env": {}, "network": {"allowFrom": [{"microservice": orders}]}},
    }
    # A machine that is busy with pods that start must not make kubelet think that those which serve are ill.
    health = {"readiness": {"path": "/readyz", "periodSeconds": 3, "timeoutSeconds": 3}}
    usual = {"replicas": 2, **UNDER_LOAD, "shutdown": None, "health": health}
    return [microservice(space.name, name, image, **usual, **part) for name, part in parts.items()]


def _calls(upstream: str) -> dict[str, str]:
    return {"UPSTREAM_URL": f"http://{upstream}:8080/"}


async def roll_to(space: Space, image: str) -> None:
    """Applies all three with an image, and waits until they are Ready with it."""
    for manifest in shop(space, image):
        await space.kube.apply(manifest)
    await space.ready(*CHAIN, seconds=300)


async def _all_are(space: Space, image: str) -> bool:
    """Whether every pod of the chain has that image, those that are on their way out and still answer included."""
    pods = (await space.kube.list("Pod", space.name, "app.kubernetes.io/component=service"))["items"]
    return {container["image"] for pod in pods for container in pod["spec"]["containers"]} == {image}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "shop") as space:
        await roll_to(space, images.v1)
        await poll(lambda: through_gateway(f"{space.name}.example"), 120, "the Gateway answers")
        yield space


async def test_a_request_through_the_gateway_passes_the_whole_chain(space: Space) -> None:
    # A service of the chain that stands still for 1.5 s makes the one before it answer 502.
    answer = await poll(lambda: through_gateway(f"{space.name}.example"), 120, "the Gateway answers")
    chain = [answer, answer["upstream"], answer["upstream"]["upstream"]]
    assert [link["service"] for link in chain] == list(CHAIN)
    web = await space.get("web")
    exposed = next(c for c in web["status"]["conditions"] if c["type"] == "Exposed")
    assert exposed["status"] == "True", exposed


async def test_get_shows_what_a_person_asks(space: Space) -> None:
    rows = {row["NAME"]: row for row in table(await space.kubectl("get", "msvc"))}
    assert list(rows) == sorted(CHAIN)
    assert list(rows["web"]) == COLUMNS
    web = await space.get("web")
    assert (rows["web"]["READY"], rows["web"]["REASON"]) == ("True", "Available")
    assert rows["web"]["VERSION"] == web["spec"]["image"].rsplit(":", 1)[1]
    assert rows["web"]["REVISION"] == web["status"]["revision"]
    assert rows["web"]["REPLICAS"] == "2/2"
    assert rows["web"]["WAITING-FOR"] == ""
    category = table(await space.kubectl("get", "trimtab"))
    assert {row["NAME"].rpartition("/")[2] for row in category} == set(CHAIN)


async def test_wait_and_rollout_status_come_back(space: Space) -> None:
    for name in CHAIN:
        await space.kubectl("wait", "--for=condition=Ready", f"msvc/{name}", "--timeout=120s")
        out = await space.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")
        assert "successfully rolled out" in out


async def test_scale_is_carried_out(space: Space) -> None:
    await space.kubectl("scale", "msvc", "stock", "--replicas=3")
    grown = await space.until("stock", lambda o: o["status"].get("ready") == "3/3", "three replicas")
    assert grown["status"]["replicas"] == 3
    assert len([pod for pod in await space.pods("stock") if is_pod_ready(pod)]) == 3
    scale = await space.kube.call(
        "GET", f"/apis/trimtab.dev/v1alpha1/namespaces/{space.name}/microservices/stock/scale"
    )
    selected = (await space.kube.list("Pod", space.name, scale["status"]["selector"]))["items"]
    assert {pod["metadata"]["labels"]["trimtab.dev/microservice"] for pod in selected} == {"stock"}
    await space.kubectl("scale", "msvc", "stock", "--replicas=2")
    await space.until("stock", lambda o: o["status"].get("ready") == "2/2", "two replicas")


@pytest.mark.usefixtures("images")
async def test_explain_is_the_reference() -> None:
    fields = await kubectl("explain", "microservice.spec", "--recursive")
    for field in ("image", "readiness", "maxUnavailable", "allowFrom", "jobs"):
        assert field in fields
    drain = await kubectl("explain", "microservice.spec.shutdown.drain")
    assert "DESCRIPTION" in drain
    assert "10s" in drain, "the default"


async def test_pods_are_restricted_and_hold_no_token(space: Space) -> None:
    # Admission enforces `restricted` here, so that pods are there is the proof; that none was refused on the way, too.
    refused = [e for e in (await space.kube.list("Event", space.name))["items"] if e.get("reason") == "FailedCreate"]
    assert not refused
    for name in CHAIN:
        for pod in await space.pods(name):
            mounts = [m["mountPath"] for c in pod["spec"]["containers"] for m in c.get("volumeMounts", ())]
            assert not [path for path in mounts if "serviceaccount" in path]


@pytest.mark.alone
async def test_a_rolling_update_of_the_whole_chain_loses_no_request(
    space: Space, images: Images, figures: Figures
) -> None:
    await roll_to(space, images.v1)
    outside = Load(
        space=space,
        name="through-gateway",
        url=gateway_url(),
        host=f"{space.name}.example",
        image=images.v1,
        seconds=LONGEST,
        rate=110,
    )
    inside = Load(space=space, name="from-a-pod", url="http://web:8080/", image=images.v1, seconds=LONGEST, rate=110)
    await outside.begin()
    await inside.begin()
    await roll_to(space, images.v2)
    await poll(lambda: _all_are(space, images.v2), 240, "the pods of the version before are gone", every=0.5)
    after = await Load(space=space, name="after", url="http://web:8080/", image=images.v1, seconds=2).begin()
    summaries = [await load.stopped(after=3000) for load in (outside, inside)]
    assert sum(s["sent"] for s in summaries) >= 5000
    for load, summary in zip((outside, inside), summaries, strict=True):
        figures.add(f"rolling update of three services: requests {load.name}", *counted(summary))
        none_failed(summary)
        kept_pace(summary, 100)
        assert set(summary["versions"]) == {images.version(images.v1), images.version(images.v2)}
    assert set((await after.result())["versions"]) == {images.version(images.v2)}
