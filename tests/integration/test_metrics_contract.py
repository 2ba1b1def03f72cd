"""Prometheus keeps the contract of the metrics port: a process of its own scrapes counters that the test moves."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.component.contracts.metrics import DIRECT, ROUTED, MetricsContract
from tests.support.prometheus import Targets, scraping

from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.domain.release.counting.counters import Arm, seen_since, stood_still

WINDOW = 15.0
"""Ten times as long as three scrapes take, so that a busy machine loses no sample of a window."""

PODS = [
    (namespace, pod)
    for namespace in ("shop", "billing")
    for pod in ("one", "two", "orders-aaaaaaaaaa", "orders-bbbbbbbbbb", "pretender")
]


class Pods:
    """Counters of requests, which are moved by hand."""

    window = WINDOW

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._totals: Counter[tuple[Arm, str]] = Counter()
        self._failed: Counter[tuple[Arm, str]] = Counter()
        self.claims: dict[str, str] = {}
        """The namespace that a pod claims to be in, if it lies."""

    async def count(self, arm: Arm, pod: str, requests: int, failed: int = 0) -> None:
        assert (arm.namespace, pod) in PODS
        self._totals[arm, pod] += requests
        self._failed[arm, pod] += failed
        self._targets.pages |= {pod: self._page(*pod) for pod in PODS}

    async def scrapes(self, number: int, *pods: tuple[str, str]) -> None:
        await self._targets.scrapes(number, *pods)

    def _page(self, namespace: str, pod: str) -> str:
        lines = ["# TYPE envoy_http_downstream_rq_total counter"]
        for (arm, name), total in self._totals.items():
            if (arm.namespace, name) == (namespace, pod):
                labels = (
                    f'trimtab_namespace="{self.claims.get(pod, namespace)}",'
                    f'trimtab_microservice="{arm.microservice}",'
                    f'trimtab_revision="{arm.revision}",envoy_http_conn_manager_prefix="{arm.listener}"'
                )
                lines.append(f"envoy_http_downstream_rq_total{{{labels}}} {total}")
                if bad := self._failed[arm, name]:
                    lines.append(f'envoy_http_downstream_rq_xx{{{labels},envoy_response_code_class="5"}} {bad}')
        return "\n".join(lines) + "\n"


@pytest_asyncio.fixture(scope="module")
async def targets(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Targets]:
    made = Targets(PODS)
    async with scraping(tmp_path_factory.mktemp("prometheus"), made):
        yield made


@pytest_asyncio.fixture
async def world(targets: Targets) -> Pods:
    """Pods that nobody ever asked anything."""
    await targets.forget()
    return Pods(targets)


@pytest_asyncio.fixture
async def metrics(targets: Targets) -> AsyncIterator[PrometheusMetrics]:
    client = PrometheusClient(targets.url)
    yield PrometheusMetrics(client)
    await client.close()


class TestPrometheus(MetricsContract):
    async def test_a_pod_is_believed_only_about_its_own_namespace(
        self, metrics: PrometheusMetrics, world: Pods
    ) -> None:
        world.claims["pretender"] = "shop"
        await world.count(ROUTED._replace(namespace="billing"), "pretender", 100)
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
        await world.scrapes(1, ("shop", "one"))
        reading = await metrics.read([ROUTED, DIRECT], (), WINDOW)
        assert seen_since(reading.series[ROUTED], since)
        assert not seen_since(reading.series[DIRECT], since)
        assert stood_still(reading.series[ROUTED], since, {"one"}) is False
        await world.scrapes(3)
        reading = await metrics.read([ROUTED, DIRECT], (), WINDOW)
        assert stood_still(reading.series[DIRECT], since, {"one"}) is True
