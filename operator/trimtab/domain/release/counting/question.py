"""What is asked of a reading: the counters of both revisions, since when, and which of their pods count."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Errors, Expression, Meter, Slow
from trimtab.domain.release.counting.starts import Starts
from trimtab.domain.release.counting.ticks import Ticks, millis

_IN_PODS = ("Proxy", "App")
"""Sources that are scraped in the pods of the service; the others are routers."""

Counter = Meter | Arm
"""What a revision is judged by; of an arm, the requests that it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How the candidate's counters compare with stable's; without `stable` how the candidate's are.

    `mark`: the store's time since when the weight has certainly been in effect. `interval` of judging, `scrape` of pods
    and `warmup`, the age below which a pod's counts are left out: in seconds. `starts` of both revisions' pods; what is
    counted in a pod that is not among them is left out.
    """

    candidate: Counter
    stable: Counter | None
    mark: float
    interval: float
    scrape: float
    warmup: float
    starts: Starts = field(default_factory=dict)

    @property
    def ticks(self) -> Ticks:
        """By which it is counted."""
        return Ticks.of(self.interval, self.scrape)

    @property
    def judged(self) -> tuple[Counter, ...]:
        """The counters of each revision: the candidate's, then stable's."""
        return (self.candidate,) if self.stable is None else (self.candidate, self.stable)

    def pods(self, counter: Counter) -> Mapping[str, float]:
        """The pods of the counter's revision and when they started."""
        return self.starts.get((counter.arm if isinstance(counter, Meter) else counter).revision, {})

    def warm(self, counter: Counter, instance: str) -> int | None:
        """From when on a process counts, in milliseconds; None: never.

        What a router counts, or a query gives, does so as soon as one pod behind it is old enough.
        """
        pods = self.pods(counter)
        start = pods.get(instance)
        if start is None and pods and (routed(counter) or _asked(counter)):
            start = min(pods.values())
        return None if start is None else millis(start + self.warmup)


def routed(counter: Counter) -> bool:
    """Whether a router in front of the service counts."""
    measure = counter.measure if isinstance(counter, Meter) else None
    return isinstance(measure, Errors | Slow) and measure.source not in _IN_PODS


def _asked(counter: Counter) -> bool:
    """Whether it is a query's value, which is of no pod."""
    return isinstance(counter, Meter) and isinstance(counter.measure, Expression)


def unread(reading: Reading, question: Question) -> str:
    """Why the counters could not be read; empty if they could."""
    for counter in question.judged:
        why = reading.unread.get(counter) if isinstance(counter, Meter) else reading.failed.get(counter)
        if why is not None:
            return why
    return ""


def silence(reading: Reading, question: Question) -> float:
    """Seconds since the newest sample of the revision that is silent longer; infinite if one has none at all."""
    return max(reading.at - max(_times(reading, counter), default=-math.inf) for counter in question.judged)


def _times(reading: Reading, counter: Counter) -> Iterable[float]:
    if isinstance(counter, Arm):
        return (each.samples[-1][0] for each in reading.series.get(counter, ()) if each.samples)
    levels = (each.samples[-1][0] for each in reading.levels.get(counter, ()) if each.samples)
    return (*levels, *(each.counts[-1].at for each in reading.tallies.get(counter, ()) if each.counts))
