"""What alternatives the evidence bets on: grids of bad shares and of odds ratios."""

import numpy as np

from trimtab.domain.release.evidence.terms import Floats

SHARES = 30
"""Bad shares on either side of a reference."""

EVEN = np.full((1, SHARES), 1 / SHARES)
"""Equal weights of them."""

ODDS = np.linspace(-np.log(8), np.log(8), 49)
"""Logarithms of odds ratios, candidate to stable."""

WORSE = np.log(1.25)
"""Log odds ratio up to which a candidate is no worse than stable."""

ODDS_WORSE = ODDS[ODDS > WORSE]
"""Those of a candidate that is worse than stable."""

_SAME = 1e-9
_LEAST_SHARE = 1e-9
_SPREAD = 0.35


def above(reference: Floats) -> Floats:
    """Shares of shape (B, 30) above `reference` of shape (B,): 1.05 of it to 50 %, log-spaced.

    From 45 % on there is no such range: there it is from a twentieth of what remains to 100 % to half of it.
    """
    share = _held(reference)
    low = np.minimum(1.05 * share, share + 0.05 * (1 - share))
    high = np.where(low < 0.45, 0.5, (1 + low) / 2)
    return _spaced(low, high)


def below(reference: Floats) -> Floats:
    """Shares of shape (B, 30) below `reference` of shape (B,): a fiftieth of it to 0.95 of it, log-spaced."""
    share = _held(reference)
    return _spaced(share / 50, 0.95 * share)


def tolerable(tolerance: Floats) -> Floats:
    """Weights of shape (B, 49) of ODDS below the log of `tolerance` of shape (B,): exp(-(d/0.35)^2/2), sum 1."""
    weights = np.where(np.log(tolerance)[:, None] - _SAME > ODDS, np.exp(-((ODDS / _SPREAD) ** 2) / 2), 0.0)
    normed: Floats = weights / weights.sum(axis=1, keepdims=True)
    return normed


def shared(column: Floats) -> Floats:
    """The column of shape (B,), or its first value alone if all are equal, so that grids are computed once."""
    return column[:1] if len(column) and (column == column[0]).all() else column


def _held(reference: Floats) -> Floats:
    return np.clip(reference, _LEAST_SHARE, 1 - _LEAST_SHARE)


def _spaced(low: Floats, high: Floats) -> Floats:
    return low[:, None] * (high / low)[:, None] ** np.linspace(0, 1, SHARES)
