"""Counters that a test moves by hand."""

from collections.abc import Collection

from trimtab.domain.release.counters import Arm, Reading, Sample, Series


class MemoryMetrics:
    """See trimtab.ports.metrics. `scrape` makes a sample of what was counted so far; the last three are kept."""

    def __init__(self) -> None:
        self._totals: dict[tuple[Arm, str], float] = {}
        self._samples: dict[tuple[Arm, str], tuple[Sample, ...]] = {}
        self._now = 0.0
        self.failure = ""
        self.reads = 0

    def count(self, arm: Arm, pod: str, requests: float) -> None:
        """Lets requests reach a pod."""
        self._totals[arm, pod] = self._totals.get((arm, pod), 0.0) + requests

    def pods(self) -> set[str]:
        """Pods that were counted."""
        return {pod for _, pod in self._totals}

    def forget(self, pod: str) -> None:
        """Lets a pod vanish."""
        self._totals = {key: total for key, total in self._totals.items() if key[1] != pod}
        self._samples = {key: samples for key, samples in self._samples.items() if key[1] != pod}

    def scrape(self, at: float) -> None:
        """Takes a sample of every pod at that unix time."""
        self._now = at
        for key, total in self._totals.items():
            self._samples[key] = (*self._samples.get(key, ())[-2:], (at, total))

    async def requests(self, arms: Collection[Arm]) -> Reading:
        """See the port. Fails for all arms while `failure` is set."""
        self.reads += 1
        if self.failure:
            return Reading(at=self._now, failed=dict.fromkeys(arms, self.failure))
        found: dict[Arm, tuple[Series, ...]] = {}
        for (arm, pod), samples in sorted(self._samples.items()):
            if arm in arms:
                found[arm] = (*found.get(arm, ()), Series(pod=pod, samples=samples))
        return Reading(at=self._now, series=found)
