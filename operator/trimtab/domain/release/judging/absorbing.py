"""Evidence after closed ticks: all rows of a release together, tick by tick, and after each the rule is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.domain.release.counting.closing import Counted, Counts
from trimtab.domain.release.evidence import dispersion, expectation, rule
from trimtab.domain.release.evidence.evidence import Evidence, after, joined, values
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.judging import ledger
from trimtab.domain.release.judging.kpistate import KpiState, Sums
from trimtab.domain.release.judging.ledger import Entry, Totals
from trimtab.domain.release.judging.rows import Row, warm

ABORTS = (Finding.ABORT_SLO, Finding.ABORT_RELATIVE)

_ASKED = (Finding.HOLD_TRAFFIC, Finding.HOLD_UNPROVEN)
"""What is asked for a step to pass, and of nobody who has passed the last."""

_NONE = Counts(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What the rows of one release have in common.

    `auto`: what promotion needs proof of is chosen by the traffic. `weight`: the candidate's share of the requests in
    the last step, 0 to 1. `deadline`: seconds. `began`: unix time at which the release began. `step` from 1.
    """

    auto: bool
    weight: float
    deadline: float
    began: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    rows: tuple[Row, ...]
    terms: Terms
    evidence: Evidence

    @property
    def states(self) -> tuple[KpiState, ...]:
        return tuple(row.state for row in self.rows)

    def with_states(self, states: Sequence[KpiState]) -> "_Batch":
        rows = tuple(replace(row, state=state) for row, state in zip(self.rows, states, strict=True))
        return replace(self, rows=rows)

    def column(self, name: str) -> Bools:
        return np.array([getattr(row, name) for row in self.rows], dtype=np.bool_)


def absorbed(
    rows: Sequence[Row],
    ticks: Sequence[Sequence[Counted]],
    terms: Terms,
    mismatched: Sequence[bool],
    course: Course,
) -> list[KpiState]:
    """The states of `rows` after their closed `ticks`, on `terms` (a row each); up to the first that aborts.

    `mismatched`: by row, whether requests of its target are proven to get lost.
    """
    batch = _Batch(rows=tuple(rows), terms=terms, evidence=joined([row.state.evidence for row in rows]))
    by_end = [{each.end: each for each in closed} for closed in ticks]
    for end in sorted({end for found in by_end for end in found}):
        counted = [found.get(end) for found in by_end]
        batch = _judged(_chosen(_counted(batch, counted), course), counted, np.array(mismatched, dtype=bool), course)
        if any(state.finding in ABORTS for state in batch.states):
            break
    return [state.proven(batch.evidence.rows(np.array([number]))) for number, state in enumerate(batch.states)]


def _counted(batch: _Batch, counted: Sequence[Counted | None]) -> _Batch:
    """With one tick's counts in sums and evidence."""
    tick = _tick(batch, counted)
    evidence = after(batch.evidence, batch.terms, tick, last=batch.column("last"))
    states = [_summed(row, each) for row, each in zip(batch.rows, counted, strict=True)]
    return replace(batch, evidence=evidence).with_states(states)


def _tick(batch: _Batch, counted: Sequence[Counted | None]) -> Tick:
    fresh = [each if each is not None and each.fresh else None for each in counted]
    candidate = np.array([(each.candidate or _NONE) if each else _NONE for each in fresh], dtype=np.int64)
    stable = np.array([(each.stable or _NONE) if each else _NONE for each in fresh], dtype=np.int64)
    return Tick(
        candidate_total=candidate[:, 0],
        candidate_bad=candidate[:, 1],
        candidate_pods=candidate[:, 2],
        stable_total=stable[:, 0],
        stable_bad=stable[:, 1],
        stable_pods=stable[:, 2],
        compared=batch.column("compared"),
        counts=np.array([each is not None for each in fresh]),
    )


def _summed(row: Row, counted: Counted | None) -> KpiState:
    state = row.state
    if counted is None:
        return state
    stale = 0 if counted.fresh else 1 + state.stale * warm(row, counted.end)
    state = replace(state, cursor=counted.end, carry=(counted.carry.candidate, counted.carry.stable), stale=stale)
    if not counted.fresh:
        return state
    ours, theirs = counted.candidate or _NONE, counted.stable or _NONE
    sums = Sums(ours.total, ours.bad, theirs.total, theirs.bad)
    return replace(state, fresh=state.fresh + 1, sums=state.sums.plus(sums), whole=state.whole.plus(sums))


def _chosen(batch: _Batch, course: Course) -> _Batch:
    """With what `compareTo: Auto` stands for, once there were ticks enough to know the traffic."""
    open_ = [_chooses(state) for state in batch.states]
    if not course.auto or not any(open_):
        return batch
    sums = np.array([state.sums for state in batch.states], dtype=np.int64)
    lengths = np.array([max(state.fresh, 1) * state.interval for state in batch.states])
    found = expectation.chosen(
        batch.terms,
        rate=(sums[:, 0] + sums[:, 2]) / lengths,
        share=expectation.likely_share(sums[:, 2], sums[:, 3], batch.terms),
        weight=np.full(len(open_), course.weight),
        deadline=course.deadline,
    )
    compare = np.where(open_, found, batch.terms.compare)
    states = [
        replace(state, compare=int(choice)) if wanted else state
        for state, choice, wanted in zip(batch.states, compare, open_, strict=True)
    ]
    return replace(batch, terms=replace(batch.terms, compare=compare)).with_states(states)


def _chooses(state: KpiState) -> bool:
    return not state.compare and state.fresh >= rule.FRESH_TICKS and state.sums.candidate + state.sums.stable > 0


def _judged(batch: _Batch, counted: Sequence[Counted | None], mismatched: Bools, course: Course) -> _Batch:
    """With what the rule finds, how far the evidence is, and the tick in the ledger."""
    states, last, compared = batch.states, batch.column("last"), batch.column("compared")
    found = rule.findings(
        batch.evidence,
        batch.terms,
        requests=_of(states, lambda state: state.sums.candidate),
        stable_requests=_of(states, lambda state: state.sums.stable),
        fresh_ticks=_of(states, lambda state: state.fresh),
        last=last,
        compared=compared,
        mismatched=mismatched,
    )
    let_through = batch.column("passed") & np.isin(found, _ASKED)
    found = np.where(let_through, Finding.PASS, found)
    abort, promote = expectation.progress(batch.evidence, batch.terms, compared)
    needed = _needed(batch, counted, course)
    judged = [
        replace(
            state,
            finding=int(found[row]),
            abort=int(abort[row]),
            promote=int(promote[row] * last[row]),
            needed=int(needed[row]),
        )
        if counted[row] is not None
        else state
        for row, state in enumerate(states)
    ]
    noted = [_noted(state, row, each, course) for state, row, each in zip(judged, batch.rows, counted, strict=True)]
    return batch.with_states(noted)


def _of(states: Sequence[KpiState], get: Callable[[KpiState], int]) -> Ints:
    return np.array([get(state) for state in states], dtype=np.int64)


def _needed(batch: _Batch, counted: Sequence[Counted | None], course: Course) -> Floats:
    """Requests of the candidate until it is proven good at the last step's weight; -1 for never."""
    known, last = values(batch.evidence, batch.terms), batch.column("last")
    proofs = ("promote_slo", "promote_relative", "promote_floor")
    known = replace(known, **{name: getattr(known, name) * last for name in proofs})
    whole = np.array([state.whole for state in batch.states], dtype=np.int64)
    alike = whole[:, 0] + whole[:, 2], whole[:, 1] + whole[:, 3]
    phi = dispersion.phi(batch.evidence.dispersion, batch.terms, _tick(batch, counted))
    needed = expectation.requests_needed(
        known,
        batch.terms,
        weight=np.full(len(phi), course.weight),
        share=expectation.likely_share(*alike, batch.terms),
        phi=phi,
    )
    return np.where(np.isfinite(needed), np.ceil(needed), -1)


def _noted(state: KpiState, row: Row, counted: Counted | None, course: Course) -> KpiState:
    if counted is None:
        return state
    entry = Entry(
        t=max(int(counted.end - course.began), 0),
        seconds=round(state.interval),
        step=course.step,
        weight=round(100 * row.weight),
        compared=row.compared,
        counts=counted.fresh,
        finding=state.finding,
        candidate=Totals(*(counted.candidate or _NONE)) if counted.fresh else ledger.NOTHING,
        stable=Totals(*(counted.stable or _NONE)) if counted.fresh else ledger.NOTHING,
        abort=state.abort,
        promote=state.promote,
    )
    return replace(state, ledger=ledger.appended(state.ledger, entry))
