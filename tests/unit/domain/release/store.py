"""A metrics store in memory: what was scraped when, and what a reading of it shows."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from trimtab.domain.release.counting.counters import Arm, Reading, Series
from trimtab.domain.release.counting.meters import Count, Errors, Level, Meter, Selector, Tally
from trimtab.domain.release.counting.question import Question
from trimtab.domain.release.counting.starts import Starts

ZERO = 1_800_000_000.0
"""Unix time at which tests begin; a multiple of all intervals used."""

SCRAPE = 10.0
OLD = 3600.0
CANDIDATE, STABLE = (Arm("shop", "orders", revision, "routed") for revision in ("candidate", "stable"))
FAILED = Errors("Proxy", 1000)
LAG = Level(Selector("orders_lag_seconds"))
OURS, THEIRS = Meter(CANDIDATE, FAILED), Meter(STABLE, FAILED)


def question(**changed: Any) -> Question:
    """Of both revisions, since ZERO, with no warm-up; the pods c1, c2, s1 and s2 are old."""
    asked = Question(
        candidate=OURS,
        stable=THEIRS,
        mark=ZERO,
        interval=SCRAPE,
        scrape=SCRAPE,
        warmup=0.0,
        starts=old("c1", "c2", "s1", "s2"),
    )
    return replace(asked, **changed)


def old(*pods: str, **young: float) -> Starts:
    """Starts of pods, whose names begin with c or s; `young` ones in seconds from ZERO."""
    starts = {**dict.fromkeys(pods, ZERO - OLD), **{pod: ZERO + start for pod, start in young.items()}}
    return {
        arm.revision: {pod: at for pod, at in starts.items() if pod[0] == arm.revision[0]}
        for arm in (CANDIDATE, STABLE)
    }


@dataclass
class Store:
    """Samples by meter and process. Times are seconds from ZERO; a sample is there `delay` seconds after its scrape."""

    delay: float = 0.0
    counts: dict[tuple[Meter, str], list[Count]] = field(default_factory=dict)
    values: dict[tuple[Meter, str], list[tuple[float, float]]] = field(default_factory=dict)

    def scraped(self, process: str, *samples: tuple[float, float, float], meter: Meter | None = None) -> "Store":
        """Adds samples (at, total, bad) of a process; c... is the candidate's, else it is stable's."""
        of = meter or (OURS if process.startswith("c") else THEIRS)
        stored = self.counts.setdefault((of, process), [])
        stored.extend(Count(ZERO + at, total, bad) for at, total, bad in samples)
        return self

    def steady(
        self, process: str, begin: float, end: float, *, rate: float = 1.0, bad: float = 0.0, meter: Meter | None = None
    ) -> "Store":
        """Scrapes every 10 s from `begin` until `end`: `rate` requests a second, `bad` of them failing."""
        times = [begin + SCRAPE * number for number in range(int((end - begin) // SCRAPE) + 1)]
        return self.scraped(process, *((at, 1000 + (at + OLD) * rate, (at + OLD) * bad) for at in times), meter=meter)

    def levels(self, pod: str, *samples: tuple[float, float]) -> "Store":
        """Adds values of a gauge."""
        meter = Meter(CANDIDATE if pod.startswith("c") else STABLE, LAG)
        self.values.setdefault((meter, pod), []).extend((ZERO + at, value) for at, value in samples)
        return self

    def read(self, at: float, window: float = 600.0) -> Reading:
        """What a reading shows at that time."""
        at += ZERO

        def seen(moment: float) -> bool:
            return at - window < moment <= at - self.delay

        tallies: dict[Meter, tuple[Tally, ...]] = {}
        levels: dict[Meter, tuple[Series, ...]] = {}
        for (meter, process), counts in sorted(self.counts.items(), key=lambda each: each[0][1]):
            shown = tuple(count for count in counts if seen(count.at))
            if shown:
                tallies[meter] = (*tallies.get(meter, ()), Tally(instance=process, counts=shown))
        for (meter, pod), values in sorted(self.values.items(), key=lambda each: each[0][1]):
            known = tuple(sample for sample in values if seen(sample[0]))
            if known:
                levels[meter] = (*levels.get(meter, ()), Series(pod=pod, samples=known))
        return Reading(at=at, window=window, tallies=tallies, levels=levels)


def troubled(dice: Random) -> Store:
    """Pods that are scraped with jitter and gaps, restart, begin late and end early."""
    store = Store(delay=dice.choice([0.0, 0.4, 6.0, 12.0]))
    for pod in ("c1", "c2", "c3", "s1", "s2"):
        phase, total, bad = dice.uniform(-30, -20), 1000, 50
        begin, end = dice.choice([(-40, 400), (-40, 150), (100, 400)])
        for at in (phase + SCRAPE * number for number in range(33)):
            if begin <= at <= end and dice.random() < 0.9:
                store.scraped(pod, (round(at + dice.uniform(-0.2, 0.2), 3), total, bad))
            if dice.random() < 0.05:
                total, bad = 0, 0
            total, bad = total + dice.randrange(50), bad + dice.randrange(9)
    return store
