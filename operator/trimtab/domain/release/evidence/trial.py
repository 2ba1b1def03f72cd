"""Releases judged tick by tick from given counts: what replays, forecasts and the stated error rates rest on."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Self, TypeVar

import numpy as np

from trimtab.api.reasons import Reason
from trimtab.domain.release.evidence.evidence import Evidence, after, begin
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.rule import findings
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick

Arrays = TypeVar("Arrays", "Course", "Sums")
Rows = TypeVar("Rows", Bools, Ints)

SILENT = 3
"""Ticks without a new sample after which a KPI counts as one without data."""


class Outcome(IntEnum):
    """How a release ends; HOLD while it is undecided."""

    HOLD = 0
    PROMOTE = 1
    ABORT = 2
    INCONCLUSIVE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where the releases of a batch are: arrays of shape (R,).

    `run`: number that the release had at first. `step`: from 0. `since`, `clock`: seconds since the release began, at
    which its step was entered and its last tick ended. `outcome`: an Outcome. `decided_at`: seconds, or -1.
    """

    run: Ints
    step: Ints
    since: Ints
    clock: Ints
    outcome: Ints
    decided_at: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the KPIs of a batch were judged by: arrays of shape (R*K,).

    `requests`, `stable_requests`, `fresh`: of both revisions, and ticks that counted, in this step. `silent`: ticks
    since one counted. `findings`: a Finding, by the last tick. The others: all that counted in the whole release.
    """

    requests: Ints
    stable_requests: Ints
    fresh: Ints
    silent: Ints
    findings: Ints
    candidate_total: Ints
    candidate_bad: Ints
    stable_total: Ints
    stable_bad: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """R releases, each judged by the same number K of KPIs; those of one release are K rows side by side.

    `bakes`: seconds that each step takes at least. `deadline`: seconds within which a release is decided.
    """

    kpis: int
    bakes: Floats
    deadline: float
    terms: Terms
    course: Course
    sums: Sums
    evidence: Evidence

    @classmethod
    def of(cls, *, terms: Terms, bakes: Sequence[float], deadline: float, kpis: int = 1) -> Self:
        """Releases that begin now, on `terms` of R*K rows."""
        rows = len(terms.p0)
        runs = rows // kpis
        course = {each.name: np.zeros(runs, dtype=np.int64) for each in fields(Course)}
        sums = {each.name: np.zeros(rows, dtype=np.int64) for each in fields(Sums)}
        course |= {"run": np.arange(runs), "decided_at": np.full(runs, -1)}
        sums |= {"silent": np.full(rows, SILENT), "findings": np.full(rows, Finding.HOLD_TRAFFIC)}
        return cls(
            kpis=kpis,
            bakes=np.asarray(bakes, dtype=np.float64),
            deadline=deadline,
            terms=terms,
            course=Course(**course),
            sums=Sums(**sums),
            evidence=begin(rows),
        )

    @property
    def over(self) -> Bools:
        """Which releases (R,) are decided, or past their deadline."""
        over: Bools = self.course.outcome != Outcome.HOLD
        return over

    @property
    def last(self) -> Bools:
        """Which releases (R,) are in their last step."""
        last: Bools = self.course.step == len(self.bakes) - 1
        return last

    def kept(self, mask: Bools) -> "Trial":
        """Only the releases of `mask` (R,)."""
        rows = np.repeat(mask, self.kpis)
        return replace(
            self,
            terms=self.terms.rows(rows),
            course=_chosen(self.course, mask),
            sums=_chosen(self.sums, rows),
            evidence=self.evidence.rows(rows),
        )

    def advance(self, t: Ints, tick: Tick, *, present: Bools | None = None, step: Ints | None = None) -> "Trial":
        """The batch after one more tick, which ended `t` (R,) seconds after each release began.

        `present` (R,): False for releases of which there is no tick now: no time passes for them. `step` (R,), from 1:
        the steps as something else took them; without it, a release is in its next step as soon as one has passed. What
        comes after an outcome is ignored.
        """
        going = ~self.over if present is None else present & ~self.over
        entered = self if step is None else self._entering(np.where(going, step - 1, self.course.step))
        counted = entered._counted(tick, going)
        passed = going & counted._passed(t, tick)
        decided = counted._decided(t, going, passed)
        return decided if step is not None else decided._entering(decided.course.step + (passed & ~decided.over))

    def _entering(self, step: Ints) -> "Trial":
        """With the releases in `step` (R,): those for which it is a new one begin it with the last tick's end."""
        new = step != self.course.step
        if not new.any():
            return self
        course = replace(self.course, step=step, since=np.where(new, self.course.clock, self.course.since))
        rows = np.repeat(new, self.kpis)
        kept = (~rows).astype(np.int64)
        in_step = {name: getattr(self.sums, name) * kept for name in ("requests", "stable_requests", "fresh")}
        return replace(self, course=course, sums=replace(self.sums, **in_step))

    def _counted(self, tick: Tick, going: Bools) -> "Trial":
        """With the tick's counts in sums, evidence and findings."""
        last, rows = np.repeat(self.last, self.kpis), np.repeat(going, self.kpis)
        counts = tick.counts & rows
        once = counts.astype(np.int64)
        evidence = after(self.evidence, self.terms, replace(tick, counts=counts), last=last)
        sums = replace(
            self.sums,
            requests=self.sums.requests + once * tick.candidate_total,
            stable_requests=self.sums.stable_requests + once * tick.stable_total,
            fresh=self.sums.fresh + once,
            silent=np.where(rows, np.where(counts, 0, self.sums.silent + 1), self.sums.silent),
            candidate_total=self.sums.candidate_total + once * tick.candidate_total,
            candidate_bad=self.sums.candidate_bad + once * tick.candidate_bad,
            stable_total=self.sums.stable_total + once * tick.stable_total,
            stable_bad=self.sums.stable_bad + once * tick.stable_bad,
        )
        found = findings(
            evidence,
            self.terms,
            requests=sums.requests,
            stable_requests=sums.stable_requests,
            fresh_ticks=sums.fresh,
            last=last,
            compared=tick.compared,
            mismatched=np.zeros(len(rows), dtype=np.bool_),
        )
        sums = replace(sums, findings=np.where(rows, found, self.sums.findings))
        return replace(self, sums=sums, evidence=evidence)

    def _passed(self, t: Ints, tick: Tick) -> Bools:
        """Which releases' steps (R,) pass: by time, and by every KPI with fresh data."""
        good = (self.sums.findings == Finding.PASS) & tick.counts
        baked: Bools = t - self.course.since >= self.bakes[self.course.step]
        passed: Bools = baked & self._by_release(good).all(axis=1)
        return passed

    def _decided(self, t: Ints, going: Bools, passed: Bools) -> "Trial":
        """With the time and the outcome of what was found."""
        broken = np.isin(self.sums.findings, (Finding.ABORT_SLO, Finding.ABORT_RELATIVE))
        found = np.select(
            (~going, self._by_release(broken).any(axis=1), passed & self.last, t >= self.deadline),
            (self.course.outcome, Outcome.ABORT, Outcome.PROMOTE, Outcome.INCONCLUSIVE),
            Outcome.HOLD,
        ).astype(np.int64)
        decided_at = np.where(going & (found != Outcome.HOLD), t, self.course.decided_at)
        clock = np.where(going, t, self.course.clock)
        return replace(self, course=replace(self.course, clock=clock, outcome=found, decided_at=decided_at))

    def _by_release(self, rows: Rows) -> Rows:
        return rows.reshape(-1, self.kpis)

    def blame(self) -> Ints:
        """Number of the KPI of each release (R,) that its reason is about."""
        worst: Ints = self._by_release(_GRAVITY[self._codes()]).argmax(axis=1)
        return worst

    def conditions(self) -> list[Reason]:
        """What each KPI (R*K) says; PROGRESSING if nothing stands against it but, maybe, time."""
        return [_REASONS[code] for code in self._codes().tolist()]

    def reasons(self) -> list[Reason]:
        """Why each release ended as it did, or what holds it."""
        rows = np.arange(len(self.course.run)) * self.kpis + self.blame()
        ended = {Outcome.PROMOTE: Reason.PROMOTED, Outcome.INCONCLUSIVE: Reason.DEADLINE_EXCEEDED}
        return [
            ended.get(Outcome(outcome), _REASONS[code])
            for outcome, code in zip(self.course.outcome.tolist(), self._codes()[rows].tolist(), strict=True)
        ]

    def _codes(self) -> Ints:
        """Index in _REASONS for each row: its finding, or the last one without data."""
        return np.where(self.sums.silent >= SILENT, len(_REASONS) - 1, self.sums.findings)


_REASONS = (
    Reason.PROGRESSING,
    Reason.SLO_BREACHED,
    Reason.WORSE_THAN_STABLE,
    Reason.ENVIRONMENT_UNHEALTHY,
    Reason.EVIDENCE_AGAINST,
    Reason.TRAFFIC_SHARE_MISMATCH,
    Reason.TOO_LITTLE_TRAFFIC,
    Reason.NOT_YET_PROVEN,
    Reason.NO_DATA,
)
"""By Finding; the last for KPIs without data."""

_GRAVITY = np.array([0, 8, 7, 6, 5, 4, 2, 1, 3])
"""Which of _REASONS is named first when several KPIs hold or end a release."""


def _chosen(arrays: Arrays, mask: Bools) -> Arrays:
    return replace(arrays, **{each.name: getattr(arrays, each.name)[mask] for each in fields(arrays)})
