"""What every implementation of the metrics port must do: the memory fake here, Prometheus in integration."""

from typing import Protocol

from trimtab.domain.release.counting.counters import Arm, Reading, stood_still
from trimtab.domain.release.counting.meters import Errors, Meter
from trimtab.ports.metrics import Metrics

ROUTED = Arm("shop", "orders", "aaaaaaaaaa", "routed")
DIRECT = Arm("shop", "orders", "aaaaaaaaaa", "direct")
OTHER = Arm("shop", "orders", "bbbbbbbbbb", "routed")
STRANGER = Arm("billing", "orders", "aaaaaaaaaa", "routed")
FAILURES = Meter(ROUTED, Errors("Proxy", 1000))


class World(Protocol):
    """The pods whose counters are read; `window`: seconds that hold at least three scrapes."""

    window: float

    async def count(self, arm: Arm, pod: str, requests: int, failed: int = 0) -> None:
        """Lets requests reach a pod of an arm; some of them fail."""

    async def scrapes(self, number: int) -> None:
        """Waits until every pod was scraped so often."""


class MetricsContract:
    """Inherit, and provide the fixtures `metrics` and `world`."""

    async def test_arms_are_told_apart(self, metrics: Metrics, world: World) -> None:
        for requests, arm in enumerate((ROUTED, DIRECT, OTHER, STRANGER), start=1):
            await world.count(arm, f"orders-{arm.revision}", requests)
        await world.scrapes(1)
        reading = await metrics.read([ROUTED, DIRECT, OTHER], (), world.window)
        assert set(reading.series) == {ROUTED, DIRECT, OTHER}
        assert [total(reading, arm) for arm in (ROUTED, DIRECT, OTHER)] == [1, 2, 3]

    async def test_each_pod_has_its_series(self, metrics: Metrics, world: World) -> None:
        await world.count(ROUTED, "one", 1)
        await world.count(ROUTED, "two", 2)
        await world.scrapes(1)
        reading = await metrics.read([ROUTED], (), world.window)
        assert {each.pod: each.samples[-1][1] for each in reading.series[ROUTED]} == {"one": 1, "two": 2}

    async def test_no_data_is_no_series(self, metrics: Metrics, world: World) -> None:
        await world.scrapes(1)
        nobody = Arm("shop", "nobody", "cccccccccc", "routed")
        reading = await metrics.read([nobody], (), world.window)
        assert nobody not in reading.series
        assert nobody not in reading.failed

    async def test_at_least_three_samples_come_oldest_first(self, metrics: Metrics, world: World) -> None:
        await world.count(ROUTED, "one", 1)
        await world.scrapes(4)
        reading = await metrics.read([ROUTED], (), world.window)
        (series,) = reading.series[ROUTED]
        assert len(series.samples) >= 3
        assert list(series.samples) == sorted(series.samples)
        assert stood_still([series], 0, {"one"}) is True

    async def test_failures_are_counted_with_the_requests_of_their_scrape(self, metrics: Metrics, world: World) -> None:
        await world.count(ROUTED, "one", 10)
        await world.count(OTHER, "two", 30, 3)
        await world.scrapes(1)
        await world.count(ROUTED, "one", 5, 2)
        await world.scrapes(1)
        reading = await metrics.read([], [FAILURES, Meter(OTHER, FAILURES.measure)], world.window)
        assert {(tally.instance, *tally.counts[-1][1:]) for tally in reading.tallies[FAILURES]} == {("one", 15, 2)}
        assert [tally.counts[-1][1:] for tally in reading.tallies[Meter(OTHER, FAILURES.measure)]] == [(30, 3)]
        assert not reading.unread

    async def test_what_nobody_counts_has_no_tally(self, metrics: Metrics, world: World) -> None:
        await world.count(OTHER, "two", 30, 3)
        await world.scrapes(1)
        reading = await metrics.read([], [FAILURES], world.window)
        assert not reading.tallies
        assert not reading.unread

    async def test_only_samples_of_the_window_are_read(self, metrics: Metrics, world: World) -> None:
        await world.count(ROUTED, "one", 1)
        await world.scrapes(6)
        while not covers(whole := await metrics.read([ROUTED], [FAILURES], world.window), world.window / 3):
            await world.scrapes(1)
        part = await metrics.read([ROUTED], [FAILURES], world.window / 3)
        assert (whole.window, part.window) == (world.window, world.window / 3)
        assert 0 < len(part.series[ROUTED][0].samples) < len(whole.series[ROUTED][0].samples)
        assert 0 < len(part.tallies[FAILURES][0].counts) < len(whole.tallies[FAILURES][0].counts)

    async def test_nothing_is_asked_for_no_arm(self, metrics: Metrics, world: World) -> None:
        reading = await metrics.read([], (), world.window)
        assert not reading.series
        assert not reading.failed


def covers(reading: Reading, seconds: float) -> bool:
    """Whether the samples of an arm reach further back than that."""
    (series,) = reading.series[ROUTED]
    return series.samples[-1][0] - series.samples[0][0] > seconds


def total(reading: Reading, arm: Arm) -> float:
    return sum(each.samples[-1][1] for each in reading.series[arm])
