"""The fake of the metrics port keeps the contract."""

import pytest
from tests.component.contracts.metrics import FAILURES, MetricsContract

from trimtab.adapters.memory.metrics import MemoryMetrics
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Level, Meter, Selector


class MemoryWorld:
    window = 30.0

    def __init__(self, metrics: MemoryMetrics) -> None:
        self._metrics = metrics
        self._now = 0.0

    async def count(self, arm: Arm, pod: str, requests: int, failed: int = 0) -> None:
        self._metrics.count(arm, pod, requests)
        self._metrics.count(Meter(arm, FAILURES.measure), pod, requests, failed)

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


class TestMovedByHand:
    """What the fake alone can do."""

    async def test_a_gauge_keeps_its_value_until_it_is_moved(self) -> None:
        metrics, lag = MemoryMetrics(), Meter(FAILURES.arm, Level(Selector("orders_lag_seconds")))
        metrics.measure(lag, "one", 2.5)
        metrics.scrape(10)
        metrics.scrape(20)
        metrics.measure(lag, "one", 0.5)
        metrics.scrape(30)
        (series,) = (await metrics.read([], [lag], 25)).levels[lag]
        assert series.samples == ((10, 2.5), (20, 2.5), (30, 0.5))

    async def test_a_pod_that_restarts_counts_anew_and_one_that_is_gone_keeps_its_samples(self) -> None:
        metrics = MemoryMetrics()
        for pod in ("one", "two"):
            metrics.count(FAILURES, pod, 9, 1)
        metrics.scrape(10)
        metrics.restart("one")
        metrics.forget("two")
        metrics.scrape(20)
        tallies = (await metrics.read([], [FAILURES], 30)).tallies[FAILURES]
        assert [(tally.instance, tally.counts) for tally in tallies] == [
            ("one", ((10, 9, 1), (20, 0, 0))),
            ("two", ((10, 9, 1),)),
        ]
        metrics.skip(45)
        assert not (await metrics.read([], [FAILURES], 20)).tallies

    async def test_a_store_that_fails_fails_for_all(self) -> None:
        metrics = MemoryMetrics()
        metrics.count(FAILURES, "one", 1)
        metrics.scrape(10)
        metrics.failure = "Prometheus cannot be reached"
        reading = await metrics.read([FAILURES.arm], [FAILURES], 30)
        assert (reading.failed, reading.unread) == ({FAILURES.arm: metrics.failure}, {FAILURES: metrics.failure})
        assert not reading.tallies
