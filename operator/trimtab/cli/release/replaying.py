"""Judges series of counts anew, with the operator's own rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.reasons import Reason
from trimtab.cli.release.series import NO_DATA, Series
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.evidence.expectation import progress
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial
from trimtab.domain.release.stages import Stage, stages

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
    given = (series.step > 0).any(axis=0)
    found: dict[int, Judged] = {}
    for chosen in (given, ~given):
        if chosen.any():
            runs = np.flatnonzero(chosen)
            found |= _replayed(spec, series, runs, terms.rows(np.repeat(chosen, len(series.kpis))), watcher)
    return [found[run] for run in range(len(series.runs))]


def ways(trial: Trial, compared: Bools) -> tuple[Ints, Ints]:
    """Percent of the way to an abort and to a promotion, by row; the latter begins with the last step."""
    abort, promote = progress(trial.evidence, trial.terms, compared)
    return abort, promote * np.repeat(trial.last, trial.kpis)


def _replayed(
    spec: CanaryReleaseSpec, series: Series, runs: Ints, terms: Terms, watcher: Watcher | None
) -> dict[int, Judged]:
    """The judgements on some runs, either all with steps given or all without."""
    parts = stages(spec.strategy)
    trial = Trial.of(
        terms=terms,
        bakes=[stage.bake for stage in parts],
        deadline=seconds(spec.analysis.deadline),
        kpis=len(series.kpis),
    )
    found: dict[int, Judged] = {}
    split = np.zeros(len(runs), dtype=np.bool_)
    told = bool((series.step[:, runs] > 0).any())
    for index in range(len(series.at)):
        now = runs[trial.course.run]
        t, step = series.at[index, now], series.step[index, now]
        present = t >= 0
        if not present.any():
            break
        given = np.where(present, step, trial.course.step + 1) if told else None
        weight = _weights(series, index, now, parts, trial, given)
        going = present & ~trial.over
        split[trial.course.run[going]] = ((weight > 0) & (weight < 100))[going]
        tick = _tick(series, index, now, np.repeat(split[trial.course.run], trial.kpis))
        trial = trial.advance(t, tick, present=present, step=given)
        if watcher is not None:
            watcher(trial, tick)
        if (~trial.over).mean() < FEW:
            found |= dict(_told(trial.kept(trial.over), runs, series, split))
            trial = trial.kept(~trial.over)
        if not len(trial.course.run):
            break
    return found | dict(_told(trial, runs, series, split))


def _weights(
    series: Series, index: int, runs: Ints, parts: Sequence[Stage], trial: Trial, given: Ints | None
) -> Floats:
    """What the router did, in percent; where no line says it, what the step wants."""
    wanted = np.array([part.weight for part in parts], dtype=np.float64)
    step = trial.course.step if given is None else given - 1
    weight = series.weight[index, runs]
    return np.where(weight < 0, wanted[step], weight)


def _tick(series: Series, index: int, runs: Ints, split: Bools) -> Tick:
    counts = series.counts[index, runs].reshape(-1, 6)
    candidate, stable = counts[:, 0] != NO_DATA, counts[:, 3] != NO_DATA
    known = np.maximum(counts, 0)
    return Tick(
        candidate_total=known[:, 0],
        candidate_bad=known[:, 1],
        candidate_pods=np.maximum(known[:, 2], 1),
        stable_total=known[:, 3],
        stable_bad=known[:, 4],
        stable_pods=np.maximum(known[:, 5], 1),
        compared=split,
        counts=candidate & (stable | ~split),
    )


def _told(trial: Trial, runs: Ints, series: Series, split: Bools) -> Iterator[tuple[int, Judged]]:
    """What comes of each release, by its number; `split` by run: whether requests were divided in its last tick."""
    course, sums, reasons, conditions = trial.course, trial.sums, trial.reasons(), trial.conditions()
    abort, promote = ways(trial, split[trial.course.run].repeat(trial.kpis))
    for index, own in enumerate(course.run.tolist()):
        run, outcome = int(runs[own]), Outcome(int(course.outcome[index]))
        first = index * trial.kpis
        kpis = tuple(
            KpiFigures(
                kpi=kpi,
                reason=conditions[row],
                candidate=(int(sums.candidate_total[row]), int(sums.candidate_bad[row])),
                stable=(int(sums.stable_total[row]), int(sums.stable_bad[row])),
                abort=int(abort[row]),
                promote=int(promote[row]),
            )
            for row, kpi in enumerate(series.kpis, first)
        )
        yield (
            run,
            Judged(
                run=series.runs[run],
                outcome=outcome,
                t=int(course.clock[index] if outcome is Outcome.HOLD else course.decided_at[index]),
                reason=reasons[index],
                step=int(course.step[index]) + 1,
                kpis=kpis,
            ),
        )
