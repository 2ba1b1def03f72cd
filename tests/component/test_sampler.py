"""The sampler: one reading for all releases of a tick, and none while nothing is released."""

import asyncio

import pytest

from trimtab.adapters.memory.metrics import MemoryMetrics
from trimtab.domain.release.counters import Arm, Reading
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.sampler import Sampler, until_tick

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
    async with asyncio.timeout(5):
        await woken.wait()
        woken.clear()
        await woken.wait()
    running.cancel()
    reading = sampler.reading(ORDERS)
    assert reading is not None
    assert "s3cret" not in str(reading.failed)
