"""All that is known of a batch of KPIs, before and after a tick."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from trimtab.domain.release.evidence import dispersion, grids, hypergeometric, processes
from trimtab.domain.release.evidence.dispersion import Dispersion
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Something of each e-process: its state of shape (B, grid), its bets on a tick (the same), or its value (B,).

    Against the candidate: `abort_slo` (H0: its bad share is p0 at most), `abort_relative` (odds ratio to stable at
    most 1.25), `abort_floor` (its bad share is the floor at most). Against stable: `stable_slo` (p0 at most). For the
    candidate: `promote_slo` (H0: p0 at least), `promote_relative` (odds ratio the tolerance at least),
    `promote_floor` (the floor at least). All are logarithms: of 0 for no evidence at all, the more the more.
    """

    abort_slo: Floats
    abort_relative: Floats
    abort_floor: Floats
    stable_slo: Floats
    promote_slo: Floats
    promote_relative: Floats
    promote_floor: Floats


PROCESSES = tuple(each.name for each in fields(Processes))
_RESTARTED = PROCESSES[:4]

_UNHEALTHY = math.log(10)
"""Log of the evidence that stable breaches its bound, from which on an incident is taken to be shared."""

_BLAMELESS = math.log(2)
"""Log of the most evidence of a breach that a candidate takes out of a shared incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Evidence about a batch of KPIs, one row each.

    `ticks` have counted, of shape (B,); `last`: the newest of them belonged to the last step; `dispersion`: what is
    known of over-dispersion; `states` of the e-processes.
    """

    ticks: Ints
    last: Bools
    dispersion: Dispersion
    states: Processes

    def rows(self, index: Ints | Bools) -> Self:
        """The evidence of these rows: a mask or numbers, which may repeat."""
        return type(self)(
            ticks=self.ticks[index],
            last=self.last[index],
            dispersion=self.dispersion.rows(index),
            states=Processes(**{name: getattr(self.states, name)[index] for name in PROCESSES}),
        )


def begin(rows: int) -> Evidence:
    """No evidence about so many KPIs."""
    shares, none = processes.begun(rows, grids.SHARES), np.zeros((rows, grids.SHARES))
    states = Processes(
        abort_slo=shares,
        abort_relative=processes.begun(rows, len(grids.ODDS_WORSE)),
        abort_floor=shares,
        stable_slo=shares,
        promote_slo=none,
        promote_relative=np.zeros((rows, len(grids.ODDS))),
        promote_floor=none,
    )
    return Evidence(
        ticks=np.zeros(rows, dtype=np.int64),
        last=np.zeros(rows, dtype=np.bool_),
        dispersion=dispersion.begin(rows),
        states=states,
    )


def joined(parts: Sequence[Evidence]) -> Evidence:
    """The rows of all parts, one after the other."""
    return Evidence(
        ticks=np.concatenate([part.ticks for part in parts]),
        last=np.concatenate([part.last for part in parts]),
        dispersion=dispersion.joined([part.dispersion for part in parts]),
        states=Processes(
            **{name: np.concatenate([getattr(part.states, name) for part in parts]) for name in PROCESSES}
        ),
    )


def after(evidence: Evidence, terms: Terms, tick: Tick, *, last: Bools) -> Evidence:
    """The evidence after a tick, which belongs to the last step where `last`, of shape (B,).

    Promote evidence starts anew with the first tick that counts in the last step. Rows whose tick does not count are
    left as they are, to the bit.
    """
    ratios = _ratios(terms, tick, dispersion.phi(evidence.dispersion, terms, tick))
    start = np.log(processes.start_weights(evidence.ticks, terms.ticks_per_hour))[:, None]
    threshold, begins = promote_threshold(terms), (last & ~evidence.last)[:, None]
    idle = _unhealthy(evidence, terms)[:, None]
    grown = {}
    for name in PROCESSES:
        state, ratio = getattr(evidence.states, name), getattr(ratios, name)
        if name in _RESTARTED:
            grown[name] = processes.restarted(state, ratio, start)
        else:
            state, ratio = np.where(begins, 0.0, state), np.where(idle, 0.0, ratio)
            grown[name] = processes.accumulated(state, ratio, _weights(name, terms), threshold)
    states = _unblamed(Processes(**grown), evidence.ticks + 1, terms)
    counted = {
        name: np.where(tick.counts[:, None], getattr(states, name), getattr(evidence.states, name))
        for name in PROCESSES
    }
    return Evidence(
        ticks=evidence.ticks + tick.counts,
        last=np.where(tick.counts, last, evidence.last),
        dispersion=dispersion.after(evidence.dispersion, terms, tick),
        states=Processes(**counted),
    )


def _unhealthy(evidence: Evidence, terms: Terms) -> Bools:
    """Whether both revisions were failing before a tick, of shape (B,).

    Then promote evidence does not bet on it: it would lose, for the length of a shared incident, what nobody could
    regain for hours. A bet that rests on the past alone keeps it a supermartingale.
    """
    on, pace = evidence.ticks, terms.ticks_per_hour
    stable = processes.restarted_value(evidence.states.stable_slo, on, pace)
    return (stable >= _UNHEALTHY) & (processes.restarted_value(evidence.states.abort_slo, on, pace) >= 0)


def _unblamed(states: Processes, ticks: Ints, terms: Terms) -> Processes:
    """The states with evidence of a shared incident cut, so that its end soon shows, and aborts nobody."""
    stable = processes.cut(states.stable_slo, np.log(4 * abort_threshold(terms)))
    shared = processes.restarted_value(stable, ticks, terms.ticks_per_hour) >= _UNHEALTHY
    abort = processes.cut(states.abort_slo, np.where(shared, _BLAMELESS, np.inf))
    return replace(states, stable_slo=stable, abort_slo=abort)


def values(evidence: Evidence, terms: Terms) -> Processes:
    """How much evidence there is: logarithms, of shape (B,)."""

    def value(name: str) -> Floats:
        state = getattr(evidence.states, name)
        if name in _RESTARTED:
            return processes.restarted_value(state, evidence.ticks, terms.ticks_per_hour)
        return processes.accumulated_value(state, _weights(name, terms))

    return Processes(**{name: value(name) for name in PROCESSES})


def abort_threshold(terms: Terms) -> Floats:
    """Evidence that aborts, of shape (B,): twice the number of KPIs by the false aborts that are allowed."""
    return 2 * terms.kpis / terms.false_abort


def promote_threshold(terms: Terms) -> Floats:
    """Evidence that promotes, of shape (B,): twice the inverse of the false promotions that are allowed."""
    return 2 / terms.false_promote


def _weights(name: str, terms: Terms) -> Floats:
    """Weights of the grid of a promote process, of shape (B or 1, grid)."""
    return grids.tolerable(grids.shared(terms.tolerance)) if name == "promote_relative" else grids.EVEN


def _ratios(terms: Terms, tick: Tick, phi: Floats) -> Processes:
    """What the tick tells: log likelihood ratios, tempered by 1/phi."""
    p0, floor = grids.shared(terms.p0), grids.shared(terms.floor)
    candidate = tick.candidate_total / phi, tick.candidate_bad / phi
    stable = tick.stable_total / phi, tick.stable_bad / phi
    over, under = grids.above(p0), grids.below(p0)
    worse, tolerable = _relative(terms, tick)
    return Processes(
        abort_slo=processes.one_sample(*candidate, over, p0),
        abort_relative=worse / phi[:, None],
        abort_floor=processes.one_sample(*candidate, grids.above(floor), floor),
        stable_slo=processes.one_sample(*stable, over, p0),
        promote_slo=processes.one_sample(*candidate, under, p0),
        promote_relative=tolerable / phi[:, None],
        promote_floor=processes.one_sample(*candidate, grids.below(floor), floor),
    )


def _relative(terms: Terms, tick: Tick) -> tuple[Floats, Floats]:
    """Log likelihood ratios to an odds ratio of 1.25, and to the tolerance; none where nothing may be compared."""
    border = np.log(grids.shared(terms.tolerance))[:, None]
    points = len(grids.ODDS)
    odds = np.hstack([np.broadcast_to(grids.ODDS, (len(border), points)), np.full_like(border, grids.WORSE), border])
    logs = hypergeometric.log_likelihood(
        tick.candidate_total,
        np.where(tick.compared, tick.candidate_bad, 0),
        tick.stable_total,
        np.where(tick.compared, tick.candidate_bad + tick.stable_bad, 0),
        odds,
    )
    grid, worse, tolerable = logs[:, :points], logs[:, points, None], logs[:, points + 1, None]
    return grid[:, grids.ODDS > grids.WORSE] - worse, grid - tolerable
