"""The terms on which KPIs are judged: shares, error rates and what they are compared to."""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
