"""The terms on which KPIs are judged: shares, error rates and what they are compared to."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import IntFlag
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.api.analysis import Analysis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEAST_DISPERSION = 2.0
"""What over-dispersion is taken for, at least, where each request is routed on its own."""

SESSION_DISPERSION = 4.0
"""The same where sessions or connections are routed: cookie affinity, and shares by numbers of replicas."""


class Compare(IntFlag):
    """What a promotion needs proof of: the KPI's own bound, the comparison with stable, or both."""

    SLO = 1
    STABLE = 2
    BOTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms of a batch of KPIs: arrays of shape (B,), one row for each.

    `p0`: share that the KPI allows to fail. `floor`: share below which a difference to stable does not matter.
    `tolerance`: odds ratio to stable that is tolerable. `false_abort`, `false_promote`: shares of good and bad
    revisions that may be judged wrongly. `kpis`: number of KPIs by which the release is judged, all targets together.
    `ticks_per_hour`: 3600 s by the length of a tick. `min_requests`: that the candidate must have had in a step.
    `least_dispersion`: what over-dispersion is taken for before it is measured. `compare`: a Compare each.
    """

    p0: Floats
    floor: Floats
    tolerance: Floats
    false_abort: Floats
    false_promote: Floats
    kpis: Floats
    ticks_per_hour: Floats
    min_requests: Ints
    least_dispersion: Floats
    compare: Ints

    def rows(self, index: Ints | Bools) -> Self:
        """The terms of these rows: a mask or numbers, which may repeat."""
        return type(self)(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


def of(
    analysis: Analysis,
    success_rates: Sequence[str],
    *,
    compare: Sequence[Compare],
    tick: float,
    kpis: int,
    least_dispersion: float = LEAST_DISPERSION,
) -> Terms:
    """Terms of the KPIs of one release, a row for each of `success_rates` ("99.5%") and `compare`.

    `tick` is the effective length of a tick in seconds; `kpis` the number of KPIs of the whole release.
    """
    count = len(success_rates)
    allowed = [1 - _share(rate) for rate in success_rates]
    floors = [_share(analysis.floor) if analysis.floor else share / 4 for share in allowed]
    return Terms(
        p0=np.array([float(share) for share in allowed]),
        floor=np.array([float(share) for share in floors]),
        tolerance=np.full(count, float(analysis.tolerance.removesuffix("x"))),
        false_abort=np.full(count, float(_share(analysis.false_abort))),
        false_promote=np.full(count, float(_share(analysis.false_promote))),
        kpis=np.full(count, float(kpis)),
        ticks_per_hour=np.full(count, 3600 / tick),
        min_requests=np.full(count, analysis.min_requests, dtype=np.int64),
        least_dispersion=np.full(count, least_dispersion),
        compare=np.array([int(each) for each in compare], dtype=np.int64),
    )


def _share(percentage: str) -> Decimal:
    return Decimal(percentage.removesuffix("%")) / 100
