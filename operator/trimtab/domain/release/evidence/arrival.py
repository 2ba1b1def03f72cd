"""Whether requests arrive in the shares that the router was told: if not, some get lost before they are counted.

M_share of docs/reference/verdicts.md: two one-sided e-processes, averaged, against the hypothesis that the candidate's
share of what arrived is within the greater of 1 percentage point and a tenth of the effective weight. One row for
each target.
"""

import math
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from trimtab.domain.release.evidence import grids, processes
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints

_LEAST_MARGIN = 0.01
_MARGIN = 0.1

_MOST = math.log(40_000)
"""Log of where the evidence is cut: four times the highest threshold (false aborts of 0.01 %), so that it is soon gone
once requests arrive again. A clipped supermartingale is still one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Evidence of shape (B, grid) that the candidate gets `more`, or `fewer`; `ticks` have counted, of shape (B,)."""

    ticks: Ints
    more: Floats
    fewer: Floats

    def rows(self, index: Ints | Bools) -> Self:
        """The evidence of these rows: a mask or numbers, which may repeat."""
        return type(self)(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


def begin(rows: int) -> Arrival:
    """No evidence about so many targets."""
    none = processes.begun(rows, grids.SHARES)
    return Arrival(ticks=np.zeros(rows, dtype=np.int64), more=none, fewer=none)


def after(
    arrival: Arrival, *, candidate: Ints, stable: Ints, weight: Floats, ticks_per_hour: Floats, counts: Bools
) -> Arrival:
    """The evidence after a tick in which so many requests arrived at either revision; all of shape (B,).

    `weight` is the candidate's effective share of the traffic, 0 to 1; at 0 and at 1 nothing is divided. Rows that do
    not count are left as they are.
    """
    margin = np.maximum(_LEAST_MARGIN, _MARGIN * weight)
    total, arrived = (candidate + stable).astype(np.float64), candidate.astype(np.float64)
    divided = (weight > 0) & (weight < 1)
    high, low = weight + margin, weight - margin
    more = processes.one_sample(total, arrived, grids.above(high), high)
    fewer = processes.one_sample(total, arrived, grids.below(low), low)
    start = np.log(processes.start_weights(arrival.ticks, ticks_per_hour))[:, None]
    more = _grown(arrival.more, more, divided & (high < 1), start)
    fewer = _grown(arrival.fewer, fewer, divided & (low > 0), start)
    return Arrival(
        ticks=arrival.ticks + counts,
        more=np.where(counts[:, None], more, arrival.more),
        fewer=np.where(counts[:, None], fewer, arrival.fewer),
    )


def value(arrival: Arrival, ticks_per_hour: Floats) -> Floats:
    """Log of the evidence that requests get lost, of shape (B,)."""
    more = processes.restarted_value(arrival.more, arrival.ticks, ticks_per_hour)
    fewer = processes.restarted_value(arrival.fewer, arrival.ticks, ticks_per_hour)
    mean: Floats = np.logaddexp(more, fewer) - np.log(2)
    return mean


def mismatched(arrival: Arrival, *, ticks_per_hour: Floats, false_abort: Floats) -> Bools:
    """Whether the shares are proven to be others than those of the router, of shape (B,)."""
    return value(arrival, ticks_per_hour) >= -np.log(false_abort)


def _grown(state: Floats, ratios: Floats, tells: Bools, start: Floats) -> Floats:
    """Evidence on one side after a tick, cut; it tells nothing where there is no room for shares on that side."""
    grown = processes.restarted(state, np.where(tells[:, None], ratios, 0.0), start)
    return processes.clipped(grown, np.full(len(grown), _MOST), grids.EVEN)
