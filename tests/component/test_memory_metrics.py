"""The fake of the metrics port keeps the contract."""

import pytest
from tests.component.contracts.metrics import MetricsContract

from trimtab.adapters.memory.metrics import MemoryMetrics
from trimtab.domain.release.counters import Arm


class MemoryWorld:
    window = 30.0

    def __init__(self, metrics: MemoryMetrics) -> None:
        self._metrics = metrics
        self._now = 0.0

    async def count(self, arm: Arm, pod: str, requests: int) -> None:
        self._metrics.count(arm, pod, requests)

    async def scrapes(self, number: int) -> None:
        for _ in range(number):
            self._now += 10
            self._metrics.scrape(self._now)


class TestMemoryMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self) -> MemoryMetrics:
        return MemoryMetrics()

    @pytest.fixture
    def world(self, metrics: MemoryMetrics) -> MemoryWorld:
        return MemoryWorld(metrics)
