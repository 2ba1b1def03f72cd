"""What is promised of verdicts, and whether measured shares keep to it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import beta
from tests.perf.verdicts.scenario import MINUTE, Ends

from trimtab.domain.release.evidence.trial import Outcome

What = Literal["abort", "promote", "held"]

_OUTCOMES = {
    "abort": (Outcome.ABORT,),
    "promote": (Outcome.PROMOTE,),
    "held": (Outcome.HOLD, Outcome.INCONCLUSIVE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of `runs` ended in some way."""

    count: int
    runs: int

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's, of 95 %."""
        low = beta.ppf(0.025, self.count, self.runs - self.count + 1) if self.count else 0.0
        high = beta.ppf(0.975, self.count + 1, self.runs - self.count) if self.count < self.runs else 1.0
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{percent(self.count / self.runs)} % ({percent(low)}-{percent(high)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """At most, or at least, so many percent of the releases end so; or half of all within so many minutes.

    `before`: only those count that end so within as many minutes.
    """

    what: What
    most: float | None = None
    least: float | None = None
    minutes: float | None = None
    before: float = math.inf

    def measured(self, ends: Ends) -> str:
        """For people."""
        if self.minutes is not None:
            return spoken(ends.median(_OUTCOMES[self.what][0]))
        return str(share(ends, self.what, self.before))

    def holds(self, ends: Ends) -> bool:
        """Whether what was measured is compatible with the bar."""
        if self.minutes is not None:
            return ends.median(_OUTCOMES[self.what][0]) <= self.minutes
        return self.allows(share(ends, self.what, self.before))

    def allows(self, measured: Share) -> bool:
        """An error bar fails if the whole interval is above it, a bar of power if the whole one is below it."""
        low, high = measured.interval
        return (self.most is None or low <= self.most / 100) and (self.least is None or high >= self.least / 100)

    def __str__(self) -> str:
        if self.minutes is not None:
            return f"half {self.what} within {self.minutes:g} min"
        bound = f"<= {self.most:g} %" if self.most is not None else f">= {self.least:g} %"
        within = "" if self.before == math.inf else f" in {self.before:g} min"
        return f"{self.what}{within} {bound}"


def share(ends: Ends, what: What, before: float = math.inf) -> Share:
    """Of the releases that ended so, within `before` minutes."""
    found = np.isin(ends.outcomes, _OUTCOMES[what]) & (ends.times < before * MINUTE)
    return Share(count=int(found.sum()), runs=len(found))


def pooled(cells: Iterable[Ends], what: What) -> Share:
    """Of all cells together."""
    shares = [share(ends, what) for ends in cells]
    return Share(count=sum(each.count for each in shares), runs=sum(each.runs for each in shares))


def percent(value: float) -> str:
    """Without needless digits: 0.25, 4.1, 99.3, 100."""
    return f"{value * 100:.2g}" if value < 0.1 else f"{value * 100:.3g}"


def spoken(minutes: float) -> str:
    """A median, for people."""
    return "never" if minutes == math.inf else f"{minutes:.1f} min"
