"""Judges series of counts anew, with the operator's own rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.reasons import Reason
from trimtab.cli.release.series import NO_DATA, Series
from trimtab.cli.release.staging import Steps
from trimtab.domain.release.evidence.expectation import progress
from trimtab.domain.release.evidence.terms import Bools, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial

FEW = 0.7
"""Share of releases under way below which those that are over are left behind."""

Watcher = Callable[[Trial, Tick], None]
"""Sees each tick, and what was known after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFigures:
    """What a KPI's judgement rested on: requests and failures of both revisions in all ticks that counted.

    `abort`, `promote`: percent of the way there, on a log scale; to a promotion they count in the last step.
    """

    kpi: str
    reason: Reason
    candidate: tuple[int, int]
    stable: tuple[int, int]
    abort: int
    promote: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What comes of one run: `t` in whole seconds since the release began, that of the last tick while it holds."""

    run: str
    outcome: Outcome
    t: int
    reason: Reason
    step: int
    kpis: tuple[KpiFigures, ...]


def replayed(spec: CanaryReleaseSpec, series: Series, terms: Terms, watcher: Watcher | None = None) -> list[Judged]:
    """The judgements on all runs, in their order; `terms` has a row for each KPI of each run, side by side."""
    given: Bools = series.step.max(axis=0) > 0
    found: dict[int, Judged] = {}
    for told in (True, False):
        chosen: Bools = np.equal(given, told)
        if chosen.any():
            batch = _Batch(series=series, runs=np.flatnonzero(chosen), steps=Steps.of(spec), told=told)
            trial = batch.steps.trial(spec, terms.rows(np.repeat(chosen, len(series.kpis))), len(series.kpis))
            found |= dict(batch.judged(trial, watcher))
    return [found[run] for run in range(len(series.runs))]


def ways(trial: Trial, compared: Bools) -> tuple[Ints, Ints]:
    """Percent of the way to an abort and to a promotion, by row; the latter begins with the last step."""
    abort, promote = progress(trial.evidence, trial.terms, compared)
    return abort, promote * np.repeat(trial.last, trial.kpis)


@dataclass(slots=True)
class _Batch:
    """Some runs of a series, either all with steps given (`told`) or all without.

    `divided` by run: whether requests were divided at random in its last tick.
    """

    series: Series
    runs: Ints
    steps: Steps
    told: bool
    divided: Bools = field(init=False)

    def __post_init__(self) -> None:
        self.divided = np.zeros(len(self.runs), dtype=np.bool_)

    def judged(self, trial: Trial, watcher: Watcher | None) -> Iterator[tuple[int, Judged]]:
        """What comes of each run, by its number."""
        for index in range(len(self.series.at)):
            t = self.series.at[index, self.runs[trial.course.run]]
            if not (t >= 0).any():
                break
            step = self._step(index, trial, t >= 0)
            tick = self._tick(index, trial, (t >= 0) & ~trial.over, step)
            trial = trial.advance(t, tick, present=t >= 0, step=step + 1 if self.told else None)
            if watcher is not None:
                watcher(trial, tick)
            if (~trial.over).mean() < FEW:
                yield from self._ended(trial.kept(trial.over))
                trial = trial.kept(~trial.over)
            if not len(trial.course.run):
                break
        yield from self._ended(trial)

    def _step(self, index: int, trial: Trial, present: Bools) -> Ints:
        """The step of each release, from 0, of those that carry traffic."""
        if not self.told:
            return trial.course.step
        given = self.series.step[index, self.runs[trial.course.run]]
        return np.where(present, self.steps.places[given], trial.course.step)

    def _tick(self, index: int, trial: Trial, going: Bools, step: Ints) -> Tick:
        own = trial.course.run
        said = self.series.weight[index, self.runs[own]]
        weight = np.where(said < 0, self.steps.weights[step], said)
        divided = (weight > 0) & (weight < 100) & self.steps.random[step]
        self.divided[own[going]] = divided[going]
        return _tick(self.series.counts[index, self.runs[own]].reshape(-1, 6), np.repeat(divided, trial.kpis))

    def _ended(self, trial: Trial) -> Iterator[tuple[int, Judged]]:
        course, reasons = trial.course, trial.reasons()
        figures = self._figures(trial)
        for index, own in enumerate(course.run.tolist()):
            run, outcome = int(self.runs[own]), Outcome(int(course.outcome[index]))
            yield (
                run,
                Judged(
                    run=self.series.runs[run],
                    outcome=outcome,
                    t=int(course.clock[index] if outcome is Outcome.HOLD else course.decided_at[index]),
                    reason=reasons[index],
                    step=self.steps.number(int(course.step[index])),
                    kpis=figures[index * trial.kpis : (index + 1) * trial.kpis],
                ),
            )

    def _figures(self, trial: Trial) -> tuple[KpiFigures, ...]:
        sums = trial.sums
        abort, promote = ways(trial, np.repeat(self.divided[trial.course.run], trial.kpis))
        return tuple(
            KpiFigures(
                kpi=self.series.kpis[row % trial.kpis],
                reason=reason,
                candidate=(int(sums.candidate_total[row]), int(sums.candidate_bad[row])),
                stable=(int(sums.stable_total[row]), int(sums.stable_bad[row])),
                abort=int(abort[row]),
                promote=int(promote[row]),
            )
            for row, reason in enumerate(trial.conditions())
        )


def _tick(counts: Ints, divided: Bools) -> Tick:
    """Counts by row, as in Series. Where requests were divided, a tick without data of both revisions is none."""
    candidate, stable = counts[:, 0] != NO_DATA, counts[:, 3] != NO_DATA
    known = np.maximum(counts, 0)
    return Tick(
        candidate_total=known[:, 0],
        candidate_bad=known[:, 1],
        candidate_pods=np.maximum(known[:, 2], 1),
        stable_total=known[:, 3],
        stable_bad=known[:, 4],
        stable_pods=np.maximum(known[:, 5], 1),
        compared=divided,
        counts=candidate & (stable | ~divided),
    )
