"""A batch of releases goes through its steps, and ends, by counts alone."""

from dataclasses import replace

import numpy as np

from trimtab.api.analysis import Analysis
from trimtab.api.reasons import Reason
from trimtab.domain.release.evidence.evidence import PROCESSES
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.terms import Compare, of
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial

GOOD, BAD, BROKEN = (1000, 5), (1000, 50), (1000, 300)
STABLE = (4000, 20)
MANY = 100
"""Pods: one that fails could not account for much."""


def begun(
    *, runs: int = 1, kpis: int = 1, bakes: tuple[float, ...] = (60, 60), compare: Compare = Compare.BOTH
) -> Trial:
    terms = of(Analysis(), ["99%"] * kpis, compare=[compare] * kpis, tick=10, kpis=kpis)
    return Trial.of(terms=terms.rows(np.tile(np.arange(kpis), runs)), bakes=bakes, deadline=6 * 3600, kpis=kpis)


def tick(*candidates: tuple[int, int] | None, stable: tuple[int, int] = STABLE) -> Tick:
    """One row for each of (total, bad); None for a row without data."""
    rows = [each or (0, 0) for each in candidates]
    every = np.ones(len(rows), dtype=np.int64)
    return Tick(
        candidate_total=np.array([total for total, _ in rows]),
        candidate_bad=np.array([bad for _, bad in rows]),
        candidate_pods=MANY * every,
        stable_total=stable[0] * every,
        stable_bad=stable[1] * every,
        stable_pods=MANY * every,
        compared=every > 0,
        counts=np.array([each is not None for each in candidates]),
    )


def at(seconds: int, runs: int = 1) -> np.ndarray:
    return np.full(runs, seconds)


def after(trial: Trial, ticks: int, each: Tick, **given: np.ndarray) -> Trial:
    runs = len(trial.course.run)
    begin = int(trial.course.clock.max())
    for number in range(1, ticks + 1):
        trial = trial.advance(at(begin + 10 * number, runs), each, **given)
    return trial


def states(trial: Trial) -> list[list[float]]:
    return [getattr(trial.evidence.states, name).tolist() for name in PROCESSES]


def test_a_good_candidate_goes_from_step_to_step_and_is_promoted() -> None:
    trial = after(begun(), 5, tick(GOOD))
    assert trial.course.step.tolist() == [0]
    trial = after(trial, 1, tick(GOOD))
    assert (trial.course.step.tolist(), trial.course.since.tolist()) == ([1], [60])
    assert not trial.over.any()
    trial = after(trial, 6, tick(GOOD))
    assert (trial.course.outcome.tolist(), trial.course.decided_at.tolist()) == ([Outcome.PROMOTE], [120])
    assert trial.reasons() == [Reason.PROMOTED]


def test_a_bad_candidate_is_aborted_at_the_first_tick_that_decides_and_nothing_later_counts() -> None:
    trial = after(begun(), 60, tick(BAD))
    assert trial.course.outcome.tolist() == [Outcome.ABORT]
    assert trial.reasons() == [Reason.SLO_BREACHED]
    decided = int(trial.course.decided_at[0])
    before = after(begun(), decided // 10 - 1, tick(BAD))
    assert not before.over.any()
    assert trial.sums.candidate_total.tolist() == [decided // 10 * BAD[0]]
    assert after(trial, 60, tick(GOOD)).course.outcome.tolist() == [Outcome.ABORT]


def test_worse_than_stable_within_the_bound_is_named_so() -> None:
    trial = after(begun(), 120, tick((1000, 9), stable=(4000, 8)))
    assert trial.reasons() == [Reason.WORSE_THAN_STABLE]


def test_a_step_needs_requests_and_ticks_of_its_own() -> None:
    few = after(begun(), 8, tick((12, 0)))
    assert few.course.step.tolist() == [0]
    assert few.reasons() == [Reason.TOO_LITTLE_TRAFFIC]
    assert after(few, 1, tick((12, 0))).course.step.tolist() == [1]
    hasty = begun(bakes=(0, 0))
    assert after(hasty, 2, tick(GOOD)).course.step.tolist() == [0]
    assert after(hasty, 3, tick(GOOD)).course.step.tolist() == [1]
    assert after(hasty, 5, tick(GOOD)).over.tolist() == [False]


def test_evidence_of_earlier_steps_promotes_nothing() -> None:
    trial = after(begun(), 6, tick(GOOD))
    trial = after(trial, 7, tick((40, 0)))
    assert trial.sums.findings.tolist() == [Finding.HOLD_UNPROVEN]
    assert trial.reasons() == [Reason.NOT_YET_PROVEN]


def test_no_data_neither_counts_nor_passes_anything() -> None:
    trial = after(begun(), 5, tick(GOOD))
    silent = after(trial, 1, tick(None))
    assert silent.course.step.tolist() == [0]
    assert states(silent) == states(trial)
    assert after(silent, 2, tick(None)).reasons() == [Reason.NO_DATA]
    assert after(silent, 1, tick(GOOD)).course.step.tolist() == [1]


def test_a_release_without_any_data_is_undecided_until_its_deadline() -> None:
    trial = replace(begun(), deadline=600)
    assert after(trial, 59, tick(None)).reasons() == [Reason.NO_DATA]
    trial = after(trial, 60, tick(None))
    assert (trial.course.outcome.tolist(), trial.course.decided_at.tolist()) == ([Outcome.INCONCLUSIVE], [600])
    assert trial.reasons() == [Reason.DEADLINE_EXCEEDED]


def test_a_shared_incident_holds() -> None:
    trial = after(begun(), 100, tick(BROKEN, stable=(4000, 1200)))
    assert not trial.over.any()
    assert trial.reasons() == [Reason.ENVIRONMENT_UNHEALTHY]


def test_a_fix_goes_out_though_stable_is_broken() -> None:
    trial = after(begun(), 30, tick((1000, 3), stable=(4000, 1200)))
    assert trial.course.outcome.tolist() == [Outcome.PROMOTE]


def test_compared_to_stable_alone_the_own_bound_is_not_proven() -> None:
    alike = tick((1000, 10), stable=(4000, 40))
    assert after(begun(compare=Compare.STABLE), 60, alike).course.outcome.tolist() == [Outcome.PROMOTE]
    assert after(begun(compare=Compare.BOTH), 60, alike).reasons() == [Reason.NOT_YET_PROVEN]


def test_sessions_that_stick_need_more_evidence() -> None:
    def aborted_at(least_dispersion: float) -> int:
        trial = begun()
        prior = replace(trial.terms, least_dispersion=np.array([least_dispersion]))
        return int(after(replace(trial, terms=prior), 60, tick((100, 4), stable=(400, 2))).course.decided_at[0])

    assert 0 < aborted_at(2.0) < aborted_at(4.0)


def test_slow_requests_are_judged_like_failed_ones() -> None:
    """A KPI of latency counts what is slower than its bound: 30 % of them with an SLO of 90 % are a breach."""
    terms = of(Analysis(), ["90%"], compare=[Compare.BOTH], tick=10, kpis=1)
    trial = Trial.of(terms=terms, bakes=(60, 60), deadline=3600)
    assert after(trial, 30, tick((1000, 50), stable=(4000, 200))).course.outcome.tolist() == [Outcome.PROMOTE]
    assert after(trial, 30, tick((1000, 300), stable=(4000, 200))).reasons() == [Reason.SLO_BREACHED]


def test_one_bad_kpi_of_several_aborts_and_is_named() -> None:
    trial = after(begun(kpis=2), 60, tick(GOOD, BAD))
    assert trial.course.outcome.tolist() == [Outcome.ABORT]
    assert trial.blame().tolist() == [1]
    assert trial.conditions()[1] == Reason.SLO_BREACHED


def test_a_kpi_without_data_keeps_the_others_from_passing() -> None:
    trial = after(begun(kpis=2), 30, tick(GOOD, None))
    assert (trial.course.step.tolist(), trial.blame().tolist(), trial.reasons()) == ([0], [1], [Reason.NO_DATA])


def test_steps_that_are_given_are_taken_as_given() -> None:
    trial = after(begun(), 20, tick(GOOD), step=np.array([1]))
    assert (trial.course.step.tolist(), trial.over.tolist()) == ([0], [False])
    trial = after(trial, 5, tick(GOOD), step=np.array([2]))
    assert not trial.over.any()
    trial = after(trial, 1, tick(GOOD), step=np.array([2]))
    assert (trial.course.outcome.tolist(), trial.course.decided_at.tolist()) == ([Outcome.PROMOTE], [260])


def test_releases_of_a_batch_do_not_know_each_other() -> None:
    together = begun(runs=3)
    for number in range(1, 13):
        present = np.array([True, True, number <= 4])
        together = together.advance(at(10 * number, 3), tick(GOOD, BAD, GOOD), present=present)
    alone = [after(begun(), 12, tick(GOOD)), after(begun(), 12, tick(BAD)), after(begun(), 4, tick(GOOD))]
    for number, each in enumerate(alone):
        own = together.kept(np.arange(3) == number)
        assert own.course.outcome.tolist() == each.course.outcome.tolist()
        assert own.course.decided_at.tolist() == each.course.decided_at.tolist()
        assert own.course.clock.tolist() == each.course.clock.tolist()
        assert states(own) == states(each)
        assert own.reasons() == each.reasons()
    assert together.kept(~together.over).course.run.tolist() == [2]
