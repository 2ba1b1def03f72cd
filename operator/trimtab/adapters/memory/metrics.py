"""Counters and gauges that a test moves by hand."""

from collections.abc import Collection

from trimtab.domain.release.counting.counters import Arm, Reading, Series
from trimtab.domain.release.counting.meters import Count, Level, Meter, Tally

_KEPT = 3600.0


class MemoryMetrics:
    """See trimtab.ports.metrics. `scrape` makes a sample of what was counted so far.

    While `failure` is set nothing can be read.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[Arm | Meter, str], tuple[float, float]] = {}
        self._samples: dict[tuple[Arm | Meter, str], tuple[Count, ...]] = {}
        self._now = 0.0
        self.failure = ""
        self.reads = 0

    def count(self, counter: Arm | Meter, pod: str, total: float, bad: float = 0.0) -> None:
        """Lets requests reach a pod; those of an arm know neither good nor bad."""
        before = self._values.get((counter, pod), (0.0, 0.0))
        self._values[counter, pod] = (before[0] + total, before[1] + bad)

    def measure(self, meter: Meter, pod: str, value: float) -> None:
        """Lets a gauge of a pod have that value."""
        self._values[meter, pod] = (value, 0.0)

    def pods(self) -> set[str]:
        """Pods that are scraped."""
        return {pod for _, pod in self._values}

    def restart(self, pod: str) -> None:
        """Lets all that a pod counts begin anew."""
        self._values |= {key: (0.0, 0.0) for key in self._values if key[1] == pod}

    def forget(self, pod: str) -> None:
        """Lets a pod vanish; its old samples stay."""
        self._values = {key: value for key, value in self._values.items() if key[1] != pod}

    def scrape(self, at: float) -> None:
        """Takes a sample of every pod at that unix time, which is the store's time from then on."""
        self._now = at
        for key, (total, bad) in self._values.items():
            kept = (count for count in self._samples.get(key, ()) if count.at > at - _KEPT)
            self._samples[key] = (*kept, Count(at, total, bad))

    def skip(self, at: float) -> None:
        """Lets time pass in which nothing is scraped."""
        self._now = at

    async def read(self, arms: Collection[Arm], meters: Collection[Meter], window: float) -> Reading:
        """See the port."""
        self.reads += 1
        if self.failure:
            failed, unread = dict.fromkeys(arms, self.failure), dict.fromkeys(meters, self.failure)
            return Reading(at=self._now, window=window, failed=failed, unread=unread)
        series: dict[Arm, tuple[Series, ...]] = {}
        levels: dict[Meter, tuple[Series, ...]] = {}
        tallies: dict[Meter, tuple[Tally, ...]] = {}
        for (of, pod), stored in sorted(self._samples.items(), key=lambda each: each[0][1]):
            counts = tuple(count for count in stored if self._now - window < count.at <= self._now)
            values = Series(pod=pod, samples=tuple((count.at, count.total) for count in counts))
            if not counts:
                continue
            if isinstance(of, Arm) and of in arms:
                series[of] = (*series.get(of, ()), values)
            elif isinstance(of, Meter) and of in meters and isinstance(of.measure, Level):
                levels[of] = (*levels.get(of, ()), values)
            elif isinstance(of, Meter) and of in meters:
                tallies[of] = (*tallies.get(of, ()), Tally(instance=pod, counts=counts))
        return Reading(at=self._now, window=window, series=series, tallies=tallies, levels=levels)
