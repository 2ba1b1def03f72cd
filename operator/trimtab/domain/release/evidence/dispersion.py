"""Over-dispersion: how much more bad requests vary from tick to tick than they would one by one.

Retries, or one bad node, make bad requests come in clusters. Log likelihoods are divided by phi, an estimate from the
*completed* minutes before a tick (with the tick's own counts the evidence would be no supermartingale): Pearson's
chi-square of the counts of each revision's ticks against its rate in that minute, by its degrees of freedom. Pods are
not told apart, since what strikes all pods of a revision would not show. Clusters longer than a minute are not covered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.tick import Tick

_MINUTE = 60.0
_LEAST_TICKS = 6
"""Ticks of a "minute", at least: of one long tick nothing could be learnt."""

_ENOUGH = 20.0
"""Degrees of freedom by which the estimate replaces the prior."""

_ARMS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """What is known of over-dispersion, as float64: chi-square and its degrees of freedom of completed minutes (B,).

    Of the minute that has begun: its `ticks` (B,), and of each arm (B, 2) `total`, `bad`, `squares` (the sum of
    bad^2/total) and `seen` (ticks with requests).
    """

    chi_square: Floats
    freedom: Floats
    ticks: Floats
    total: Floats
    bad: Floats
    squares: Floats
    seen: Floats

    def rows(self, index: Ints | Bools) -> Self:
        """What is known of these rows: a mask or numbers, which may repeat."""
        return type(self)(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


def begin(rows: int) -> Dispersion:
    """Nothing is known yet."""
    one, two = np.zeros(rows), np.zeros((rows, _ARMS))
    return Dispersion(chi_square=one, freedom=one, ticks=one, total=two, bad=two, squares=two, seen=two)


def joined(parts: Sequence[Dispersion]) -> Dispersion:
    """The rows of all parts, one after the other."""
    return Dispersion(
        **{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Dispersion)}
    )


def phi(known: Dispersion, terms: Terms, tick: Tick) -> Floats:
    """By what log likelihoods of this tick are divided, of shape (B,): at least 1.

    max(1, (X2 + prior * max(0, 20 - df)) / max(df, 20)); the prior is the greater of the least dispersion and
    1 + p0 * requests per pod in this tick, since a cluster that strikes one pod is as large as what the pod serves:
    of all pods, or of the candidate's if theirs are more.
    """
    requests = tick.candidate_total + tick.stable_total
    each_pod = np.maximum(
        requests / np.maximum(tick.candidate_pods + tick.stable_pods, 1),
        tick.candidate_total / np.maximum(tick.candidate_pods, 1),
    )
    prior = np.maximum(terms.least_dispersion, 1 + terms.p0 * each_pod)
    missing = np.maximum(0.0, _ENOUGH - known.freedom)
    estimate: Floats = (known.chi_square + prior * missing) / np.maximum(known.freedom, _ENOUGH)
    return np.maximum(1.0, estimate)


def after(known: Dispersion, terms: Terms, tick: Tick) -> Dispersion:
    """What is known after a tick; rows that do not count are left as they are."""
    counts = tick.counts[:, None]
    total = np.where(counts, np.stack([tick.candidate_total, tick.stable_total], axis=1), 0).astype(np.float64)
    bad = np.where(counts, np.stack([tick.candidate_bad, tick.stable_bad], axis=1), 0).astype(np.float64)
    minute = replace(
        known,
        ticks=known.ticks + tick.counts,
        total=known.total + total,
        bad=known.bad + bad,
        squares=known.squares + bad * bad / np.maximum(total, 1.0),
        seen=known.seen + (total > 0),
    )
    complete = minute.ticks >= np.maximum(np.rint(terms.ticks_per_hour * _MINUTE / 3600), _LEAST_TICKS)
    return _closed(minute, complete) if complete.any() else minute


def _closed(minute: Dispersion, complete: Bools) -> Dispersion:
    """Chi-squares of the complete minutes added; minutes with no bad requests, or only bad ones, say nothing.

    Times (N-1)/N it has exactly its degrees of freedom as its mean, given how many of N were bad (Haldane).
    """
    total, bad = np.maximum(minute.total, 1.0), minute.bad
    tells = complete[:, None] & (bad > 0) & (bad < minute.total)
    rate = bad / total
    scale = np.where(tells, rate * (1 - rate), 1.0)
    square = (minute.squares - bad * rate) / scale * (total - 1) / total
    chi_square = np.where(tells, np.maximum(square, 0.0), 0.0).sum(axis=1)
    freedom = np.where(tells, np.maximum(minute.seen - 1, 0.0), 0.0).sum(axis=1)
    left, lefts = ~complete, ~complete[:, None]
    return Dispersion(
        chi_square=minute.chi_square + chi_square,
        freedom=minute.freedom + freedom,
        ticks=minute.ticks * left,
        total=minute.total * lefts,
        bad=minute.bad * lefts,
        squares=minute.squares * lefts,
        seen=minute.seen * lefts,
    )
