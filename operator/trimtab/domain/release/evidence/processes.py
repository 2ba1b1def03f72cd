"""E-processes: evidence against a hypothesis that, while it holds, ever exceeds x with probability 1/x at most.

Each bets, for each point of a grid, on the ratio of a tick's likelihood at that point to its likelihood at the border
of the hypothesis (Howard et al., Ann. Stat. 49(2), 2021 for one share; Lindon & Malek, arXiv 2011.03567, and
Turner & Grunwald, arXiv 2302.11401, for two). All is in logarithms; states are of shape (B, grid), ratios too.
"""

import math

import numpy as np

from trimtab.domain.release.evidence.terms import Floats, Ints

_START = 0.5
"""Weight of the bet that begins at once; the other half is spent on those that begin at later ticks."""

_CLIP = 4.0
"""Times its threshold above which evidence for a promotion is cut."""

_NOISE = 1e-4
"""Logs nearer to 0 than this are 0: states are kept in 32 bits, whose rounding adds up over ticks without requests."""


def begun(rows: int, points: int) -> Floats:
    """State of abort evidence before the first tick."""
    return _kept(np.full((rows, points), math.log(_START)))


def one_sample(total: Floats, bad: Floats, shares: Floats, reference: Floats) -> Floats:
    """Log likelihood ratios of `bad` of `total`, of shape (B,), at `shares` (B or 1, grid) to `reference` (B or 1).

    Tempered by 1/phi where the counts have been divided by phi.
    """
    border = np.clip(reference, 1e-9, 1 - 1e-9)[:, None]
    failed, passed = np.log(shares / border), np.log1p(-shares) - np.log1p(-border)
    ratios: Floats = bad[:, None] * failed + (total - bad)[:, None] * passed
    return ratios


def restarted(state: Floats, ratios: Floats, start: Floats) -> Floats:
    """Abort evidence after a tick: V <- (V + w) * LR, `start` the log of w, of shape (B, 1).

    Each tick is a possible beginning, so that a long good time does not blind the evidence to what comes after.
    """
    return _kept(_either(state, start) + ratios)


def cut(state: Floats, most: Floats) -> Floats:
    """Abort evidence scaled down where its mean over the grid exceeds `most`, the log of shape (B,).

    A supermartingale that is cut is still one; and it is gone the sooner when what it speaks of is over.
    """
    excess = _mean(state) - most
    high = np.flatnonzero(excess > 0)
    if not len(high):
        return state
    less = state.copy()
    less[high] -= excess[high, None]
    return _kept(less)


def start_weights(ticks: Ints, ticks_per_hour: Floats) -> Floats:
    """w of the tick after so many, of shape (B,): 1/(2 n h (h+1)) in hour h of n ticks; all of them sum to 1/2."""
    a_hour, hour, _ = _hours(ticks, ticks_per_hour)
    return _START / (a_hour * hour * (hour + 1))


def unspent(ticks: Ints, ticks_per_hour: Floats) -> Floats:
    """Sum of the weights of all ticks that are yet to come, of shape (B,)."""
    a_hour, hour, within = _hours(ticks, ticks_per_hour)
    return _START / hour * (1 - within / (a_hour * (hour + 1)))


def restarted_value(state: Floats, ticks: Ints, ticks_per_hour: Floats) -> Floats:
    """Log of abort evidence, of shape (B,): the mean over the grid plus the weight that is not yet spent."""
    return _quiet(_either(_mean(state), np.log(unspent(ticks, ticks_per_hour))))


def accumulated(state: Floats, ratios: Floats, weights: Floats, threshold: Floats) -> Floats:
    """Promote evidence after a tick: the product, scaled down where its mean exceeds 4x `threshold` of shape (B,).

    A clipped supermartingale is still one; and no long good time outweighs what comes after it.
    """
    return clipped(state + ratios, np.log(_CLIP * threshold), weights)


def clipped(state: Floats, most: Floats, weights: Floats) -> Floats:
    """The state, scaled down where the log of its mean by `weights` (B or 1, grid) exceeds `most` of shape (B,)."""
    high = np.flatnonzero(state.max(axis=1) > most)
    if not len(high):
        return _kept(state)
    mean = _mixture(state[high], weights if len(weights) == 1 else weights[high])
    scaled = state.copy()
    scaled[high] -= np.maximum(mean - most[high], 0.0)[:, None]
    return _kept(scaled)


def accumulated_value(state: Floats, weights: Floats) -> Floats:
    """Log of promote evidence, of shape (B,): the mean over the grid by `weights` (B or 1, grid)."""
    return _quiet(_mixture(state, weights))


def _mean(state: Floats) -> Floats:
    peak = state.max(axis=1)
    mean: Floats = peak + np.log(np.exp(state - peak[:, None]).sum(axis=1) / state.shape[1])
    return mean


def _mixture(state: Floats, weights: Floats) -> Floats:
    bets = np.where(weights > 0, state, -np.inf)
    peak = bets.max(axis=1)
    mixture: Floats = peak + np.log((np.exp(bets - peak[:, None]) * weights).sum(axis=1))
    return mixture


def _either(one: Floats, other: Floats) -> Floats:
    """Log of the sum, in vector instructions, which np.logaddexp does not use."""
    total: Floats = np.maximum(one, other) + np.log1p(np.exp(-np.abs(one - other)))
    return total


def _hours(ticks: Ints, ticks_per_hour: Floats) -> tuple[Floats, Floats, Floats]:
    """Whole ticks an hour, the hour of the next tick from 1, and how many of its ticks are over."""
    a_hour = np.maximum(np.ceil(ticks_per_hour - 1e-9), 1.0)
    over = np.floor_divide(ticks, a_hour)
    return a_hour, over + 1, ticks - over * a_hour


def _kept(state: Floats) -> Floats:
    """As it will be read from the status: in 32 bits, so that a restart of the operator changes nothing."""
    return state.astype(np.float32).astype(np.float64)


def _quiet(value: Floats) -> Floats:
    return np.where(np.abs(value) < _NOISE, 0.0, value)
