"""Simulated requests: Poisson arrivals, divided by weight; failures independent, or in clusters."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trimtab.domain.release.evidence.terms import Bools, Floats, Ints

PODS = 4
"""Of each revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Shares of bad requests by KPI; `later` from the turn of a scenario on (see scenario.py), as `first` without."""

    first: tuple[float, ...]
    later: tuple[float, ...] = ()

    def shares(self, turned: Bools) -> Floats:
        """By run and KPI (R, K)."""
        return np.where(turned[:, None], self.later or self.first, self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Failures that come together: the share is multiplied by a gamma variable of mean 1 for each pod, or each arm."""

    of: Literal["pod", "arm"]
    variation: float
    """Coefficient of variation of the gamma variable, drawn anew for each tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Of one service: `rate` requests a second, `candidate` and `stable` by their failures."""

    rate: float
    candidate: Failures
    stable: Failures
    clusters: Clusters | None = None

    def arm(
        self, failures: Failures, share: Floats, seconds: float, turned: Bools, generator: np.random.Generator
    ) -> tuple[Ints, Ints]:
        """Requests (R, K) and bad ones (R, K) of the arm that gets `share` (R,) of them in a time of `seconds`."""
        shares = failures.shares(turned)
        runs, kpis = shares.shape
        mean = np.broadcast_to(self.rate * seconds * share[:, None] / PODS, (runs, PODS))
        requests = generator.poisson(mean)
        if self.clusters is None:
            total = np.repeat(requests.sum(axis=1)[:, None], kpis, axis=1)
            return total, generator.binomial(total, shares)
        shape = (runs, PODS if self.clusters.of == "pod" else 1, kpis)
        factor = generator.gamma(self.clusters.variation**-2, self.clusters.variation**2, shape)
        bad = generator.binomial(requests[:, :, None], np.minimum(shares[:, None, :] * factor, 1))
        return np.repeat(requests.sum(axis=1)[:, None], kpis, axis=1), bad.sum(axis=1)
