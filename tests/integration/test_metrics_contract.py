"""Prometheus keeps the contract of the metrics port: a process of its own scrapes counters that the test moves."""

import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from tests.component.contracts.metrics import DIRECT, ROUTED, MetricsContract
from tests.support.kube import poll

from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.domain.release.counters import Arm, seen_since, stood_still

WINDOW = 3.0
"""Five times as long as three scrapes take, so that a busy machine loses no sample of a window."""

PODS = [
    (namespace, pod)
    for namespace in ("shop", "billing")
    for pod in ("one", "two", "orders-aaaaaaaaaa", "orders-bbbbbbbbbb", "pretender")
]
"""Known from the start: Prometheus takes 5 s to notice others."""


class Pods:
    """Serves each pod's counters under a path of its own, and counts the scrapes."""

    window = WINDOW

    def __init__(self) -> None:
        self._totals: Counter[tuple[Arm, str]] = Counter()
        self._scraped: Counter[tuple[str, str]] = Counter()
        self.port = 0
        self.claims: dict[str, str] = {}
        """The namespace that a pod claims to be in, if it lies."""

    def forget(self) -> None:
        """Lets all pods vanish."""
        self._totals.clear()
        self.claims.clear()

    async def count(self, arm: Arm, pod: str, requests: int) -> None:
        assert (arm.namespace, pod) in PODS
        self._totals[arm, pod] += requests

    async def scrapes(self, number: int) -> None:
        """One more than asked has begun, so the last one asked for is stored."""
        wanted = {pod: self._scraped[pod] + number + 1 for pod in PODS}

        async def scraped() -> bool:
            return all(self._scraped[pod] >= times for pod, times in wanted.items())

        await poll(scraped, 30, "scrapes", every=0.02)

    def config(self) -> str:
        """What Prometheus is to scrape."""
        target = {"targets": [f"127.0.0.1:{self.port}"]}
        static = [
            {**target, "labels": {"namespace": namespace, "pod": pod, "__metrics_path__": f"/{namespace}/{pod}"}}
            for namespace, pod in PODS
        ]
        job = {"job_name": "pods", "scrape_interval": "200ms", "scrape_timeout": "200ms", "static_configs": static}
        return yaml.safe_dump({"scrape_configs": [job]})

    async def handle(self, request: web.Request) -> web.Response:
        namespace, pod = request.path.strip("/").split("/")
        self._scraped[namespace, pod] += 1
        lines = ["# TYPE envoy_http_downstream_rq_total counter"]
        for (arm, name), total in self._totals.items():
            if (arm.namespace, name) == (namespace, pod):
                labels = (
                    f'trimtab_namespace="{self.claims.get(pod, namespace)}",'
                    f'trimtab_microservice="{arm.microservice}",'
                    f'trimtab_revision="{arm.revision}",envoy_http_conn_manager_prefix="{arm.listener}"'
                )
                lines.append(f"envoy_http_downstream_rq_total{{{labels}}} {total}")
        return web.Response(text="\n".join(lines) + "\n")


@dataclass
class Running:
    pods: Pods
    url: str


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("no prometheus on PATH")
    home = tmp_path_factory.mktemp("prometheus")
    pods = Pods()
    app = web.Application()
    app.router.add_get("/{path:.*}", pods.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pods.port = runner.addresses[0][1]
    (home / "prometheus.yml").write_text(pods.config())
    address = f"127.0.0.1:{free_port()}"
    options = ["--web.enable-admin-api", f"--web.listen-address={address}", f"--storage.tsdb.path={home / 'data'}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, f"--config.file={home / 'prometheus.yml'}", *options], stdout=log, stderr=log
        )
    try:
        await pods.scrapes(1)
        yield Running(pods=pods, url=f"http://{address}")
    finally:
        process.kill()
        process.wait()
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest_asyncio.fixture
async def world(running: Running) -> Pods:
    """Pods that nobody ever asked anything."""
    running.pods.forget()
    await running.pods.scrapes(1)
    matching = {"match[]": '{__name__=~".+"}'}
    url = f"{running.url}/api/v1/admin/tsdb/delete_series"
    async with aiohttp.ClientSession() as session, session.post(url, params=matching) as response:
        assert response.status == 204, await response.text()
    return running.pods


@pytest_asyncio.fixture
async def metrics(running: Running) -> AsyncIterator[PrometheusMetrics]:
    client = PrometheusClient(running.url)
    yield PrometheusMetrics(client)
    await client.close()


class TestPrometheus(MetricsContract):
    async def test_a_pod_is_believed_only_about_its_own_namespace(
        self, metrics: PrometheusMetrics, world: Pods
    ) -> None:
        await world.count(ROUTED._replace(namespace="billing"), "pretender", 100)
        world.claims["pretender"] = "shop"
        await world.count(ROUTED, "one", 1)
        await world.scrapes(1)
        reading = await metrics.read([ROUTED], (), WINDOW)
        assert [each.pod for each in reading.series[ROUTED]] == ["one"]

    async def test_a_request_is_seen_and_standing_still_too(self, metrics: PrometheusMetrics, world: Pods) -> None:
        for arm in (ROUTED, DIRECT):
            await world.count(arm, "one", 5)
        await world.scrapes(1)
        reading = await metrics.read([ROUTED, DIRECT], (), WINDOW)
        since = max(each.samples[-1][0] for each in reading.series[ROUTED])
        await world.count(ROUTED, "one", 1)
        await world.scrapes(1)
        reading = await metrics.read([ROUTED, DIRECT], (), WINDOW)
        assert seen_since(reading.series[ROUTED], since)
        assert not seen_since(reading.series[DIRECT], since)
        assert stood_still(reading.series[ROUTED], since, {"one"}) is False
        await world.scrapes(3)
        reading = await metrics.read([ROUTED, DIRECT], (), WINDOW)
        assert stood_still(reading.series[DIRECT], since, {"one"}) is True
