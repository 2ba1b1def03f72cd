"""What to expect of releases under a service's traffic, by trying them out with simulated requests."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.domain.release.evidence.terms import Bools, Floats, Ints
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A service's traffic: requests a second, shares of bad ones of both revisions by KPI, pods of a revision."""

    rate: float
    candidate: Sequence[float]
    stable: Sequence[float]
    pods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How releases that were tried out ended: Outcomes of shape (R,), and seconds (R,) since each began."""

    outcomes: Ints
    times: Ints

    def share(self, outcome: Outcome) -> float:
        """Of the releases that ended so."""
        return float((self.outcomes == outcome).mean())

    def within(self, outcome: Outcome, share: float) -> float:
        """Seconds within which this share of *all* releases ended so; infinite if fewer do."""
        times = np.sort(np.where(self.outcomes == outcome, self.times, np.inf))
        return float(times[max(0, math.ceil(share * len(times)) - 1)])


def forecast(
    trial: Trial,
    *,
    weights: Sequence[float],
    traffic: Traffic,
    seconds: int,
    generator: np.random.Generator,
    progress: Callable[[float], None] = lambda _: None,
) -> Forecast:
    """Tries out a batch of releases that begin, all on equal terms and with `weights` (shares) by step.

    `seconds`: length of a tick. Requests come independently of each other; real ones come in bursts: slower.
    `progress` is told the share of the work that is done, now and then.
    """
    shares, begun = np.asarray(weights), len(trial.course.run)
    ended: list[Trial] = []
    step = np.full(begun, -1)
    for t in range(seconds, math.ceil(trial.deadline) + seconds, seconds):
        changed, step = trial.course.step != step, trial.course.step
        tick = _tick(trial, shares[step], ~changed, traffic, seconds, generator)
        trial = trial.advance(np.full(len(step), t), tick)
        over = trial.over
        if over.any():
            ended.append(trial.kept(over))
            step, trial = step[~over], trial.kept(~over)
            progress(1 - len(step) / begun)
        if not len(step):
            break
    return Forecast(
        outcomes=np.concatenate([each.course.outcome for each in ended]),
        times=np.concatenate([each.course.decided_at for each in ended]),
    )


def _tick(
    trial: Trial, share: Floats, counts: Bools, traffic: Traffic, seconds: int, generator: np.random.Generator
) -> Tick:
    """One tick's counts: `share` of the requests to the candidate, by release; `counts` by release too."""
    kpis, rows = trial.kpis, len(trial.terms.p0)
    candidate = np.repeat(generator.poisson(traffic.rate * seconds * share), kpis)
    stable = np.repeat(generator.poisson(traffic.rate * seconds * (1 - share)), kpis)
    pods = np.full(rows, traffic.pods)
    return Tick(
        candidate_total=candidate,
        candidate_bad=generator.binomial(candidate, np.tile(np.asarray(traffic.candidate), rows // kpis)),
        candidate_pods=pods,
        stable_total=stable,
        stable_bad=generator.binomial(stable, np.tile(np.asarray(traffic.stable), rows // kpis)),
        stable_pods=pods,
        compared=np.repeat((share > 0) & (share < 1), kpis),
        counts=np.repeat(counts, kpis),
    )
