"""One cell of the table: traffic, settings, and how a batch of releases fares."""

import zlib
from dataclasses import dataclass

import numpy as np
from tests.perf.verdicts.traffic import PODS, Traffic

from trimtab.domain.release.evidence.terms import Bools, Compare, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial

TICK = 10
"""Seconds."""

MINUTE = 60.0
RAMP = tuple(percent / 100 for percent in range(5, 51, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When failures become those of `later`: `after` seconds of the release or, if `last_step`, of its last step."""

    after: float
    last_step: bool = False

    def has_come(self, trial: Trial, t: float) -> Bools:
        """For each release (R,), in the tick that ends `t` seconds after it began."""
        if not self.last_step:
            return np.full(len(trial.course.run), t > self.after)
        return trial.last & (t > trial.course.since + self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Releases under equal traffic: `weights` (shares) and `bakes` (s) by step, and the settings of `analysis`.

    `missing`: share of ticks without data. `least_dispersion`: 2, or 4 with cookie affinity.
    """

    name: str
    traffic: Traffic
    weights: tuple[float, ...] = RAMP
    bakes: tuple[float, ...] = (MINUTE,) * len(RAMP)
    minutes: float = 240
    compare: Compare = Compare.BOTH
    tolerance: float = 2.0
    turn: Turn | None = None
    missing: float = 0.0
    least_dispersion: float = 2.0
    runs: int = 400

    @property
    def kpis(self) -> int:
        return len(self.traffic.candidate.first)

    def terms(self) -> Terms:
        """For all runs."""
        rows = self.runs * self.kpis

        def each(value: float) -> Floats:
            return np.full(rows, value)

        return Terms(
            p0=each(0.01),
            floor=each(0.0025),
            tolerance=each(self.tolerance),
            false_abort=each(0.01),
            false_promote=each(0.05),
            kpis=each(self.kpis),
            ticks_per_hour=each(3600 / TICK),
            min_requests=np.full(rows, 100),
            least_dispersion=each(self.least_dispersion),
            compare=np.full(rows, self.compare),
        )


@dataclass(frozen=True, slots=True)
class Ends:
    """How the releases of a scenario ended: outcomes, and seconds (of those decided) since they began."""

    outcomes: Ints
    times: Ints

    def count(self, outcome: Outcome) -> int:
        return int((self.outcomes == outcome).sum())

    def median(self, outcome: Outcome) -> float:
        """Minutes until half of all releases have ended so; infinite if fewer ever do."""
        return float(np.median(np.where(self.outcomes == outcome, self.times, np.inf))) / MINUTE


def generator(name: str) -> np.random.Generator:
    """The same for every run of the same cell, whatever runs beside it."""
    return np.random.default_rng([2026, zlib.crc32(name.encode())])


def released(scenario: Scenario) -> Ends:
    """How Trimtab's rule decides. The tick in which a weight changes adds no counts, as in the operator."""
    draw = generator(scenario.name)
    deadline = scenario.minutes * MINUTE
    trial = Trial.of(terms=scenario.terms(), bakes=scenario.bakes, deadline=deadline, kpis=scenario.kpis)
    entered = np.full(scenario.runs, -1)
    ended: list[Trial] = []
    for t in range(TICK, int(deadline) + TICK, TICK):
        changed, entered = trial.course.step != entered, trial.course.step
        trial = trial.advance(np.full(len(entered), t), _tick(scenario, trial, t, ~changed, draw))
        if trial.over.any():
            ended.append(trial.kept(trial.over))
            entered, trial = entered[~trial.over], trial.kept(~trial.over)
        if not len(entered):
            break
    return Ends(
        np.concatenate([each.course.outcome for each in ended]),
        np.concatenate([each.course.decided_at for each in ended]),
    )


def _tick(scenario: Scenario, trial: Trial, t: int, counts: Bools, draw: np.random.Generator) -> Tick:
    traffic, share = scenario.traffic, np.asarray(scenario.weights)[trial.course.step]
    turned = np.zeros(len(share), bool) if scenario.turn is None else scenario.turn.has_come(trial, t)
    total, bad = traffic.arm(traffic.candidate, share, TICK, turned, draw)
    beside, beside_bad = traffic.arm(traffic.stable, 1 - share, TICK, turned, draw)
    if scenario.missing:
        counts = counts & (draw.random(len(share)) >= scenario.missing)
    pods = np.full(total.size, PODS)
    return Tick(
        candidate_total=total.ravel(),
        candidate_bad=bad.ravel(),
        candidate_pods=pods,
        stable_total=beside.ravel(),
        stable_bad=beside_bad.ravel(),
        stable_pods=pods,
        compared=np.ones(total.size, dtype=bool),
        counts=np.repeat(counts, trial.kpis),
    )
