"""Probes of each kind, init containers, sidecars and workers, as a real kubelet runs them."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, new_space
from tests.support.kube import Kube, KubeError, Object, poll

FAST = {"periodSeconds": 1}
PROBES = {
    "http": {"readiness": {"path": "/readyz", **FAST}, "liveness": {"path": "/livez", **FAST}},
    "tcp": {"readiness": {"tcp": {}, **FAST}},
    "exec": {"readiness": {"exec": {"command": ["/demo-app", "version"]}, **FAST}},
    "grpc": {"readiness": {"grpc": {}, **FAST}, "startup": {"grpc": {"port": 8080}, **FAST}},
    "none": None,
}
FIELDS = {"http": "httpGet", "tcp": "tcpSocket", "exec": "exec", "grpc": "grpc", "none": "tcpSocket"}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "containers") as space:
        for kind, health in PROBES.items():
            await space.apply(f"probe-{kind}", images.v1, health=health)
        await space.apply(
            "company",
            images.v1,
            initContainers=[{"name": "prepare", "image": images.v1, "args": ["version"]}],
            sidecars=[
                {
                    "name": "exporter",
                    "image": images.v2,
                    "ports": [{"name": "metrics", "port": 9113}],
                    "env": [{"name": "ADDR", "value": ":9113"}],
                }
            ],
        )
        await space.apply("worker", images.v1, ports=[], health=None)
        yield space


@pytest.mark.parametrize("kind", PROBES)
async def test_a_probe_makes_a_pod_ready(space: Space, kind: str) -> None:
    await space.ready(f"probe-{kind}")
    (pod,) = await space.pods(f"probe-{kind}")
    app = next(c for c in pod["spec"]["containers"] if c["name"] == "app")
    assert FIELDS[kind] in app["readinessProbe"]


async def test_init_containers_run_first_and_sidecars_beside(space: Space, images: Images) -> None:
    await space.ready("company")
    (pod,) = await space.pods("company")
    (prepare,) = [s for s in pod["status"]["initContainerStatuses"] if s["name"] == "prepare"]
    assert prepare["state"]["terminated"]["reason"] == "Completed"
    running = {s["name"] for s in pod["status"]["containerStatuses"] if s["ready"]}
    assert running == {"app", "exporter"}
    name = pod["metadata"]["name"]
    assert images.version(images.v1) in await space.kubectl("logs", name, "-c", "prepare")
    default = await space.kubectl("logs", name)
    assert "8080" in default, "logs without -c are those of app"
    exporter = await poll(lambda: _version(space, name), 60, "the sidecar answers")
    assert exporter["version"] == images.version(images.v2)


async def _version(space: Space, pod: str) -> Object | None:
    """What a sidecar without a probe says; None while it does not listen yet."""
    with suppress(KubeError):
        return await space.kube.call("GET", f"/api/v1/namespaces/{space.name}/pods/{pod}:9113/proxy/version")
    return None


async def test_a_worker_runs_without_a_service(space: Space) -> None:
    await space.ready("worker")
    assert len(await space.pods("worker")) == 1
    assert await space.owned("Service", "worker") == []
