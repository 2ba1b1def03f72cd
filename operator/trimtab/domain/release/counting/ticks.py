"""Ticks: how time is cut into pieces that are counted one by one, by the store's clock alone.

Tick k of interval I ends at k * I - lag, so that what a scrape stores within the lag is there when somebody looks at
k * I. All times in here are whole milliseconds, as samples have them, so that no rounding moves a sample over an edge.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from trimtab.domain.release.counting.counters import Reading

SCRAPES = 3
"""Scrapes after which silence is a fault."""

APART = 3.5
"""Scrapes between two samples up to which the difference tells what happened in between: three, if they are late."""

LAG = 2000
SETTLED = 1000
"""Milliseconds after which a sample is stored."""

LONGEST = 600.0
_SLACK = 2000
"""Milliseconds by which the beginning of a reading is uncertain."""


def reach(interval: float, scrape: float) -> float:
    """Seconds of samples that are asked for at most, however long nobody could look."""
    return max(LONGEST, 3 * interval, 6 * scrape)


def millis(seconds: float) -> int:
    """The same in milliseconds."""
    return round(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks of `interval` milliseconds, where pods are scraped every `scrape` milliseconds."""

    interval: int
    scrape: int

    @classmethod
    def of(cls, interval: float, scrape: float) -> "Ticks":
        """Those of a release that is to be judged every `interval` seconds: never more often than is scraped."""
        return cls(millis(max(interval, scrape)), millis(scrape))

    @property
    def lag(self) -> int:
        """By how much a tick ends before a multiple of its interval."""
        return min(LAG, self.interval // 2)

    @property
    def gap(self) -> int:
        """Longest time between two samples of which the difference counts."""
        return round(APART * self.scrape)

    @property
    def soonest(self) -> int:
        """Shortest time between two scrapes of a process: they come a little early or late."""
        return self.scrape * 19 // 20

    def end(self, number: int) -> int:
        """The last moment of a tick."""
        return number * self.interval - self.lag

    def holding(self, at: int) -> int:
        """The tick in which a moment is."""
        return -(-(at + self.lag) // self.interval)

    def first(self, since: int) -> int:
        """The first tick that begins not before that moment."""
        return self.holding(since) + 1

    def over(self, at: int) -> int:
        """The last tick that had ended a second before that moment, so that its samples are stored."""
        return (at - SETTLED + self.lag) // self.interval


@dataclass(frozen=True, slots=True)
class Awaited:
    """Which processes a tick waits for, and how long: see due. `newest`: when each was scraped last, or started.

    Those that were not scraped within `before` milliseconds of the tick's end, for `patience` milliseconds after it.
    """

    newest: Collection[int]
    before: int
    patience: int


def due(ticks: Ticks, reading: Reading, *, since: float, awaited: Awaited) -> range:
    """The numbers of the ticks after `since` that are complete.

    Stores that are written to from afar hold samples late, so what is yet to come is waited for. A reading that does
    not reach back far enough is none: the next one does. What no reading reaches is lost; so is all that such a reading
    would have to reach back twice as far for, since then not even the longest one may have succeeded.
    """
    at, first = millis(reading.at), ticks.first(millis(since))
    if not math.isinf(reading.window):
        longest = reach(ticks.interval / 1000, ticks.scrape / 1000)
        reached = ticks.first(at - millis(reading.window) + _SLACK + ticks.gap)
        if reached > first and reading.window < longest and reading.at - since <= 2 * longest:
            return range(0)
        first = max(first, reached)
    last = ticks.over(at)
    for number in range(first, last + 1):
        end = ticks.end(number)
        told = ticks.end(number - 1) - ticks.gap  # a scrape before that tells nothing of this tick
        missing = any(told < each <= end - awaited.before for each in awaited.newest)
        if missing and at < end + awaited.patience:
            return range(first, number)
    return range(first, last + 1)
