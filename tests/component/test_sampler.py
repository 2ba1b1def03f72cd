"""The sampler: one reading for all releases of a tick, and none while nothing is released."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

import pytest

from trimtab.adapters.memory.metrics import MemoryMetrics
from trimtab.domain.release.counting.arrivals import arrived
from trimtab.domain.release.counting.closing import closed
from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Errors, Meter
from trimtab.domain.release.counting.question import Question
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.sampler import SPARE, Sampler, until_tick

ORDERS, STOCK = (Key("CanaryRelease", "shop", name) for name in ("orders", "stock"))
ARMS = {key: Arm("shop", key.name, "aaaaaaaaaa", "routed") for key in (ORDERS, STOCK)}


class Rig:
    def __init__(self) -> None:
        self.now = 1003.0
        self.metrics = MemoryMetrics()
        self.woken: list[Key] = []
        self.sampler = Sampler(self.metrics, self.woken.append, scrape=10, now=lambda: self.now)
        for arm in ARMS.values():
            self.metrics.count(arm, "one", 1)

    async def tick(self, now: float) -> list[Key]:
        self.now = now
        self.metrics.scrape(now)
        self.woken.clear()
        await self.sampler.tick()
        return self.woken


@pytest.mark.parametrize(
    ("now", "interval", "seconds"), [(1003.0, 10, 7), (1000.0, 10, 10), (999.97, 10, 10.03), (1009.5, 10, 0.5)]
)
def test_ticks_are_multiples_of_the_interval(now: float, interval: float, seconds: float) -> None:
    assert until_tick(now, interval) == pytest.approx(seconds)


async def test_releases_of_one_tick_are_read_together_and_woken() -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    rig.now = 1007.0
    rig.sampler.watch(STOCK, {ARMS[STOCK]}, (), 10, None)
    assert rig.sampler.reading(ORDERS) is None
    assert await rig.tick(1010.0) == [ORDERS, STOCK]
    assert rig.metrics.reads == 1
    reading = rig.sampler.reading(STOCK)
    assert reading is not None
    assert set(reading.series) == set(ARMS.values())


async def test_each_interval_has_its_own_ticks_and_none_is_shorter_than_scraping() -> None:
    rig = Rig()
    rig.sampler = Sampler(rig.metrics, rig.woken.append, scrape=10, now=lambda: rig.now)
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 1, None)
    rig.sampler.watch(STOCK, {ARMS[STOCK]}, (), 30, None)
    assert await rig.tick(1010.0) == [ORDERS]
    assert await rig.tick(1020.0) == [ORDERS, STOCK]
    assert await rig.tick(1030.0) == [ORDERS]


async def test_what_is_watched_again_keeps_its_tick_and_its_reading() -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    await rig.tick(1010.0)
    before = rig.sampler.reading(ORDERS)
    rig.now = 1015.0
    rig.sampler.watch(ORDERS, {ARMS[ORDERS], ARMS[STOCK]}, (), 10, None)
    assert rig.sampler.reading(ORDERS) is before
    assert await rig.tick(1020.0) == [ORDERS]


async def test_a_failure_is_a_reading_too() -> None:
    rig = Rig()
    rig.metrics.failure = "Prometheus cannot be reached"
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    assert await rig.tick(1010.0) == [ORDERS]
    reading = rig.sampler.reading(ORDERS)
    assert reading is not None
    assert reading.failed == {ARMS[ORDERS]: "Prometheus cannot be reached"}


async def test_nothing_is_read_of_what_is_no_longer_watched() -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    rig.sampler.watch(ORDERS, (), (), 10, None)
    assert rig.sampler.reading(ORDERS) is None
    assert not rig.sampler.watches(ORDERS)


async def test_without_a_store_nothing_is_watched() -> None:
    sampler = Sampler(None, lambda _: None)
    sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    assert not sampler.source
    assert not sampler.watches(ORDERS)


async def test_it_sleeps_until_something_is_watched_and_survives_what_nobody_foresaw() -> None:
    class Broken:
        async def read(self, arms: object, meters: object, window: float) -> Reading:
            raise RuntimeError("s3cret")

    woken = asyncio.Event()
    sampler = Sampler(Broken(), lambda _: woken.set())
    running = asyncio.create_task(sampler.run())
    sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 0.1, None)
    async with asyncio.timeout(60):
        await woken.wait()
        woken.clear()
        await woken.wait()
    running.cancel()
    reading = sampler.reading(ORDERS)
    assert reading is not None
    assert "s3cret" not in str(reading.failed)


def window(rig: Rig) -> float:
    reading = rig.sampler.reading(ORDERS)
    assert reading is not None
    return reading.window


@pytest.mark.parametrize(("since", "seconds"), [(None, 30), (1008.0, 42), (918.0, 132), (1500.0, 40), (0.0, 600)])
async def test_three_scrapes_are_read_or_as_many_as_nobody_has_counted(since: float | None, seconds: float) -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, since)
    await rig.tick(1010.0)
    assert window(rig) == seconds


async def test_meters_are_read_for_long_enough_to_count_a_tick() -> None:
    rig = Rig()
    meters = {arm: Meter(arm, Errors("Proxy", 1000)) for arm in ARMS.values()}
    rig.sampler.watch(ORDERS, (), meters.values(), 10, None)
    await rig.tick(1010.0)
    assert window(rig) == 60


async def test_one_that_missed_much_is_read_for_together_with_the_others() -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, None)
    rig.sampler.watch(STOCK, {ARMS[STOCK]}, (), 10, 918.0)
    await rig.tick(1010.0)
    assert rig.metrics.reads == 1
    assert window(rig) == 132


async def test_long_intervals_are_read_whole() -> None:
    rig = Rig()
    rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 900, 0.0)
    await rig.tick(1800.0)
    assert window(rig) == 1840


@pytest.mark.parametrize("skew", [0.0, 0.9, -0.9, 7200.0, -7200.0])
async def test_every_tick_is_counted_once_whatever_clock_store_and_operator_have(skew: float) -> None:
    """With an outage of the store, a restart of the operator, and its clock being set meanwhile."""
    meters = {arm: Meter(Arm("shop", "orders", arm, "routed"), Errors("Proxy", 1000)) for arm in ("old", "new")}
    ours, begin = 1_800_000_000.0, 1_800_000_000.0 + skew
    question = Question(
        candidate=meters["new"],
        stable=meters["old"],
        mark=begin,
        interval=10,
        scrape=10,
        warmup=0,
        starts={arm: {arm: begin - 9000} for arm in meters},
    )
    rig, ends, shares = Rig(), [begin], [begin]
    rig.now = ours
    for second in range(0, 400, 10):
        for meter in meters.values():
            rig.metrics.count(meter, meter.arm.revision, 20, 1)
        rig.metrics.failure = "Prometheus cannot be reached" if 100 <= second < 160 else ""
        rig.metrics.scrape(begin + second)
        if second == 200:
            rig.sampler = Sampler(rig.metrics, rig.woken.append, scrape=10, now=lambda: rig.now)
        rig.now = ours + second + (3600.0 if second >= 300 else 0.0)
        rig.sampler.watch(ORDERS, (), meters.values(), 10, min(ends[-1], shares[-1]))
        await rig.sampler.tick()
        reading = rig.sampler.reading(ORDERS)
        if reading is not None:
            ends += [each.end for each in closed(reading, question, ends[-1]) if each.fresh]
            shares += [each.end for each in arrived(reading, question, shares[-1]) if each.candidate == 20]
    assert len(ends) > 30
    assert [later - earlier for earlier, later in pairwise(ends[1:])] == [10.0] * (len(ends) - 2)
    assert [later - earlier for earlier, later in pairwise(shares[1:])] == [10.0] * (len(shares) - 2)
    assert len(ends) - len(shares) <= 2


async def test_what_cannot_be_read_of_one_hides_the_clock_from_nobody() -> None:
    """The store is an hour ahead; of one release something can never be read."""

    class Partly(MemoryMetrics):
        async def read(self, arms: Collection[Arm], meters: Collection[Meter], window: float) -> Reading:
            found = await super().read(arms, meters, window)
            return replace(found, failed={arm: "too much" for arm in arms if arm == ARMS[STOCK]})

    rig = Rig()
    rig.metrics = Partly()
    rig.metrics.count(ARMS[ORDERS], "one", 1)
    rig.sampler = Sampler(rig.metrics, rig.woken.append, scrape=10, now=lambda: rig.now)
    for tick in range(1, 4):
        rig.now = 1000.0 + 10 * tick
        rig.sampler.watch(STOCK, {ARMS[STOCK]}, (), 10, None)
        rig.sampler.watch(ORDERS, {ARMS[ORDERS]}, (), 10, rig.now + 3600 - 50)
        rig.metrics.scrape(rig.now + 3600)
        await rig.sampler.tick()
    assert window(rig) == 35 + 50 + SPARE
