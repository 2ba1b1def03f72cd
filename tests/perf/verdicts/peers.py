"""The documented policies of Flagger and Argo Rollouts, on the same traffic.

Both look at the share of good requests of one window after another, and compare it with the SLO; a window without a
request is a failed check.
Flagger: https://docs.flagger.app/usage/how-it-works (a canary goes on by a step with each check that succeeds, and is
rolled back by `threshold` failed ones). Argo Rollouts: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
(background analysis of `count` measurements; more than `failureLimit` failed ones end it).
"""

from dataclasses import dataclass

import numpy as np
from tests.perf.verdicts.scenario import TICK, Ends, Scenario, generator

from trimtab.domain.release.evidence.terms import Bools, Floats
from trimtab.domain.release.evidence.trial import Outcome

SLO = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagger:
    """Checks every minute, over the last minute."""

    name: str
    step: float
    most: float
    threshold: int
    window: float = 60.0

    def released(self, scenario: Scenario) -> Ends:
        draw = generator(f"{self.name}: {scenario.name}")
        needed = round(self.most / self.step)
        passed, failed = np.zeros((2, scenario.runs), dtype=np.int64)
        checks = np.zeros(scenario.runs, dtype=np.int64)
        while (going := (passed < needed) & (failed < self.threshold)).any():
            good = _good(scenario, (passed[going] + 1).astype(np.float64) * self.step, self.window, draw)
            passed[going] += good
            failed[going] += ~good
            checks[going] += 1
        outcomes = np.where(failed < self.threshold, Outcome.PROMOTE, Outcome.ABORT)
        return Ends(outcomes, (checks * self.window).astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Argo:
    """Measures `len(weights)` times, `interval` seconds apart, over the last `window` seconds each time."""

    name: str
    failure_limit: int
    window: float
    interval: float = 300.0
    weights: tuple[float, ...] = (0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8)

    def released(self, scenario: Scenario) -> Ends:
        draw = generator(f"{self.name}: {scenario.name}")
        failed = np.zeros(scenario.runs, dtype=np.int64)
        times = np.full(scenario.runs, round(len(self.weights) * self.interval))
        for number, weight in enumerate(self.weights, start=1):
            before = failed
            failed = failed + ~_good(scenario, np.full(scenario.runs, weight), self.window, draw)
            ends_now = (failed > self.failure_limit) & (before <= self.failure_limit)
            times[ends_now] = round(number * self.interval)
        outcomes = np.where(failed <= self.failure_limit, Outcome.PROMOTE, Outcome.ABORT)
        return Ends(outcomes, times)


FLAGGER = Flagger(name="Flagger", step=0.02, most=0.5, threshold=10)
FLAGGER_SHORT = Flagger(name="Flagger, 5 checks", step=0.1, most=0.5, threshold=5)
FLAGGER_DEFAULT = Flagger(name="Flagger, threshold 1", step=0.05, most=0.5, threshold=1)
ARGO = Argo(name="Argo", failure_limit=3, window=15.0)
ARGO_DEFAULT = Argo(name="Argo, failureLimit 0", failure_limit=0, window=300.0)
ARGO_LIMIT = Argo(name="Argo, rate over 5m", failure_limit=3, window=300.0)


def _good(scenario: Scenario, share: Floats, window: float, draw: np.random.Generator) -> Bools:
    """Whether (R,) a window of `window` seconds is good in every KPI. Clusters last a tick, as in Trimtab's runs."""
    traffic, turned = scenario.traffic, np.zeros(len(share), dtype=bool)
    pieces = max(1, round(window / TICK)) if traffic.clusters else 1
    parts = [traffic.arm(traffic.candidate, share, window / pieces, turned, draw) for _ in range(pieces)]
    total, bad = (sum(counts) for counts in zip(*parts, strict=True))
    within: Bools = ((total > 0) & (bad <= (1 - SLO) * total + 1e-9)).all(axis=1)
    return within
