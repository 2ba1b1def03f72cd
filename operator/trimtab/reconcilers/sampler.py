"""Reads the counters of all releases under way, once per tick and all at once, outside of any reconcile.

Ticks are multiples of a release's interval since the epoch, so releases with the same interval are read together and
the number of queries does not depend on their number. A store that is slow delays nobody: a release goes on with what
was read last, and decides for itself whether that is too old.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Meter
from trimtab.domain.release.counting.ticks import APART, SCRAPES, reach
from trimtab.ports.metrics import Metrics
from trimtab.reconcilers.queue import Key

logger = logging.getLogger("trimtab.sampler")

EARLY = 0.05
"""Seconds by which a timer may be early; a tick that close is due."""

SPARE = 5.0
"""Seconds more than needed: the store's clock is known to a second, and a query takes its time."""


def until_tick(now: float, interval: float) -> float:
    """Seconds from `now` (unix time) to the next multiple of `interval`; never 0."""
    return (math.floor((now + EARLY) / interval) + 1) * interval - now


@dataclass(slots=True)
class _Watch:
    arms: frozenset[Arm]
    meters: frozenset[Meter]
    since: float | None
    interval: float
    due: float
    reading: Reading | None = None
    read_at: float = 0.0


class Sampler:
    """What is read of whom. `wake` is called with each key that has a new reading; without `metrics` there is none.

    `scrape` is how often, in seconds, there is something new to read at all.
    """

    def __init__(
        self,
        metrics: Metrics | None,
        wake: Callable[[Key], None],
        *,
        scrape: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics
        self._scrape = scrape
        self._wake = wake
        self._now = now
        self._ahead = 0.0
        self._watches: dict[Key, _Watch] = {}
        self._changed = asyncio.Event()

    @property
    def scrape(self) -> float:
        """How often, in seconds, there is something new to read."""
        return self._scrape

    @property
    def source(self) -> bool:
        """Whether there is a store at all."""
        return self._metrics is not None

    def until_tick(self, interval: float) -> float:
        """Seconds until the next tick of releases with this interval."""
        return until_tick(self._now(), interval)

    def reading(self, key: Key) -> Reading | None:
        """The newest reading made for this key; None before the first."""
        watch = self._watches.get(key)
        return watch.reading if watch else None

    def age(self, key: Key) -> float:
        """Seconds since that reading; 0 before the first."""
        watch = self._watches.get(key)
        return self._now() - watch.read_at if watch and watch.reading else 0.0

    def watches(self, key: Key) -> bool:
        """Whether anything is read for this key."""
        return key in self._watches

    def watch(
        self, key: Key, arms: Collection[Arm], meters: Collection[Meter], interval: float, since: float | None
    ) -> None:
        """Reads these for this key at every tick from now on; with none of them no more. `interval` in seconds.

        `since`: the store's time up to which the key has counted, None if nothing; samples that tell what happened
        after it are read even if that is long ago.
        """
        if self._metrics is None or not (arms or meters):
            self._watches.pop(key, None)
            return
        interval = max(interval, self._scrape)
        watch = self._watches.get(key)
        if watch is None or watch.interval != interval:
            due = self._now() + until_tick(self._now(), interval)
            reading = watch.reading if watch else None
            read_at = watch.read_at if watch else 0.0
            self._watches[key] = _Watch(frozenset(arms), frozenset(meters), since, interval, due, reading, read_at)
            self._changed.set()
        else:
            watch.arms, watch.meters, watch.since = frozenset(arms), frozenset(meters), since

    async def run(self) -> None:
        """Reads until cancelled; sleeps while nothing is watched."""
        while True:
            self._changed.clear()
            due = min((watch.due for watch in self._watches.values()), default=math.inf)
            if (early := due - self._now()) > EARLY:
                await self._changed_within(early)
                continue
            await self.tick()

    async def tick(self) -> None:
        """Reads for all keys that are due, in one go, and wakes them."""
        now = self._now()
        due = {key: watch for key, watch in self._watches.items() if watch.due - now <= EARLY}
        if not due:
            return
        for watch in due.values():
            watch.due = now + until_tick(now, watch.interval)
        reading = await self._read(due.values())
        for key, watch in due.items():
            watch.reading, watch.read_at = reading, now
            if self._watches.get(key) is watch:
                self._wake(key)

    async def _read(self, due: Collection[_Watch]) -> Reading:
        assert self._metrics is not None  # noqa: S101 - nothing is watched without a store
        arms = frozenset().union(*(watch.arms for watch in due))
        meters = frozenset().union(*(watch.meters for watch in due))
        window = max(self._window(watch) for watch in due)
        asked = self._now()
        try:
            reading = await self._metrics.read(arms, meters, window)
        except Exception:
            logger.exception("unexpected error while counters were read")
            why = "the counters could not be read"
            return Reading(at=asked, failed=dict.fromkeys(arms, why), unread=dict.fromkeys(meters, why))
        if reading.series or reading.tallies or reading.levels or not (reading.failed or reading.unread):
            self._ahead = reading.at - asked  # something was answered, so this is the store's clock
        return reading

    def _window(self, watch: _Watch) -> float:
        """Seconds of samples: three scrapes, or what one tick needs; after a restart or an outage what was missed.

        What the store's clock says now is known from the last reading. If ours jumped since, the next one is enough.
        """
        if not watch.meters and watch.since is None:
            return SCRAPES * self._scrape
        missed = 2 * watch.interval if watch.since is None else self._now() + self._ahead - watch.since
        return min(APART * self._scrape + max(missed, 0.0) + SPARE, reach(watch.interval, self._scrape))

    async def _changed_within(self, seconds: float) -> None:
        """Waits for the next tick, but not while a key is added whose tick may come before."""
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await self._changed.wait()
        except TimeoutError:
            return
