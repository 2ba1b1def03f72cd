"""Fisher's noncentral hypergeometric distribution: which of two revisions the bad requests of a tick fell on.

Given the requests of both revisions and how many of all were bad, the number S of the candidate's bad ones has
f(S | d) = C(n_c,S) C(n_s,E-S) e^(dS) / SUM_u C(n_c,u) C(n_s,E-u) e^(du), d the logarithm of the odds ratio; whatever
share fails in both alike cancels (Turner & Grunwald, arXiv 2302.11401). Terms are summed relative to the mode, by
ratios of neighbours, so that no factorial of a large number is needed, and only where they exceed e^-40 of it. Every
row is computed by itself: its bits do not depend on the other rows.
"""

import numpy as np

from trimtab.domain.release.evidence.terms import Floats, Ints

_NEGLIGIBLE = 40.0
"""Logarithm of the mode's weight relative to the greatest term that is left out."""

_WHOLE = 64
"""Numbers of terms up to which all of them are summed."""

_EXPONENT = 600.0
"""Greatest log of a power, well within what a float can hold (709), for sums that are not scaled term by term."""

_STRIDE = 64
"""Sizes of windows are multiples of it, so that rows can be summed together."""

_AT_ONCE = 2**17
"""Terms that are held at once: about what a processor's cache holds."""

_WIDTHS = (4, 16, 64, 300)
"""Rows are padded to the widest of their class, not of all."""


def log_likelihood(candidate_total: Ints, candidate_bad: Ints, stable_total: Ints, bad: Ints, d: Floats) -> Floats:
    """log f(S | d), of shape (B, D), for counts of shape (B,) and log odds ratios `d` of shape (B, D) or (1, D).

    `bad` is the number of bad requests of both revisions. It is exactly 0 where S has one possible value.
    """
    result = np.zeros((len(bad), d.shape[1]))
    open_rows = np.flatnonzero(np.minimum(candidate_total, bad) > np.maximum(0, bad - stable_total))
    if not len(open_rows):
        return result
    counts = np.stack([candidate_total, stable_total, bad, candidate_bad])[:, open_rows].astype(np.float64)
    odds = d if len(d) == 1 else d[open_rows]
    first, last = _window(counts, odds)
    width = (last - first).astype(np.int64) + 1
    steep = width * np.abs(odds).max(axis=1) > _EXPONENT
    least = 0
    for most in _WIDTHS:
        chosen = np.flatnonzero(~steep & (width > least) & (width <= most))
        if len(chosen):
            own = odds if len(odds) == 1 else odds[chosen]
            result[open_rows[chosen]] = _summed(counts[:, chosen], own, first[chosen], width[chosen])
        least = most
    rest = np.flatnonzero(steep | (width > least))
    if len(rest):
        own = odds if len(odds) == 1 else odds[rest]
        result[open_rows[rest]] = _windowed(counts[:, rest], own, first[rest], width[rest])
    return result


def _window(counts: Floats, d: Floats) -> tuple[Floats, Floats]:
    """First and last S, of shape (B,), beyond which no term matters for any d; the counted S lies within."""
    candidate, stable, bad, counted = counts
    least, most = np.maximum(0.0, bad - stable), np.minimum(candidate, bad)
    low, low_reach = _reach(counts, d.min(axis=1))
    high, high_reach = _reach(counts, d.max(axis=1))
    whole = most - least < _WHOLE
    first = np.where(whole, least, np.maximum(least, np.minimum(np.floor(low - low_reach), counted)))
    last = np.where(whole, most, np.minimum(most, np.maximum(np.ceil(high + high_reach), counted)))
    return first, last


def _reach(counts: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Mode, of the shape of `d`, and how far from it terms can exceed e^-40 of it.

    S is a sum of independent events, hence by Bernstein's inequality P(|S - mean| >= t) <= 2 exp(-t^2/(2(v + t/3))).
    """
    candidate, stable, bad, _ = counts
    odds = np.exp(d)
    middle = odds * (candidate + bad) + stable - bad
    root = np.sqrt(np.maximum(0.0, middle * middle - 4 * (odds - 1) * odds * candidate * bad))
    mode = 2 * odds * candidate * bad / (middle + root)
    cells = np.maximum(np.stack([mode, candidate - mode, bad - mode, stable - bad + mode]), 0.5)
    variance = 1.2 / (1 / cells).sum(axis=0) + 2
    third = _NEGLIGIBLE / 3
    return mode, third + np.sqrt(third * third + 2 * _NEGLIGIBLE * variance) + 3


def _ratios(counts: Floats, first: Floats, steps: int) -> Floats:
    """Logs of the ratios of each term to the one before it at d = 0, of shape (B, steps)."""
    candidate, stable, bad, _ = (each[:, None] for each in counts)
    at = first[:, None] + np.arange(steps)
    fewer = np.maximum(candidate - at, 0) * np.maximum(bad - at, 0)
    more = (at + 1) * np.maximum(stable - bad + at + 1, 1)
    return np.log(np.where(fewer > 0, fewer / more, 1.0))


def _summed(counts: Floats, d: Floats, first: Floats, width: Ints) -> Floats:
    """All terms of the rows' windows by Horner's rule: sums of positive numbers, in an order that no row changes."""
    most = int(width.max())
    logs = np.zeros((len(width), most))
    np.cumsum(_ratios(counts, first, most - 1), axis=1, out=logs[:, 1:])
    inside = np.arange(most) < width[:, None]
    logs -= np.where(inside, logs, -np.inf).max(axis=1, keepdims=True)
    terms = np.where(inside, np.exp(np.minimum(logs, 0.0)), 0.0)
    power = np.exp(d)
    total = np.zeros((len(width), d.shape[1]))
    for column in range(most - 1, -1, -1):
        total *= power
        total += terms[:, column, None]
    place = counts[3] - first
    own = np.take_along_axis(logs, place.astype(np.int64)[:, None], axis=1)
    likelihood: Floats = own + d * place[:, None] - np.log(total)
    return likelihood


def _windowed(counts: Floats, d: Floats, first: Floats, width: Ints) -> Floats:
    """The same of rows with many terms: a window of its own for each d, all windows of a row of one size."""
    result = np.zeros((len(width), d.shape[1]))
    modes, reaches = _reach(counts[:, :, None], d)
    spans = np.ceil((2 * reaches.max(axis=1) + 3) / _STRIDE).astype(np.int64) * _STRIDE
    for span in np.unique(spans):
        alike = np.flatnonzero(spans == span)
        rows = max(1, _AT_ONCE // (int(span) * d.shape[1]))
        for part in (alike[start : start + rows] for start in range(0, len(alike), rows)):
            own = d if len(d) == 1 else d[part]
            result[part] = _in_windows(counts[:, part], own, first[part], width[part], modes[part], int(span))
    return result


def _in_windows(counts: Floats, d: Floats, first: Floats, width: Ints, modes: Floats, span: int) -> Floats:
    """The same of rows whose windows have `span` terms; `modes` of shape (B, D)."""
    most = max(int(width.max()), span)
    logs = np.zeros((len(width), most))
    np.cumsum(_ratios(counts, first, most - 1), axis=1, out=logs[:, 1:])
    logs[np.arange(most) >= width[:, None]] = -np.inf
    rows = np.arange(len(width))[:, None]
    peaks = np.clip((modes - first[:, None]).astype(np.int64), 0, width[:, None] - 1)
    starts = np.clip(peaks - span // 2, 0, np.maximum(width[:, None], span) - span)
    highest = logs[rows, peaks]
    terms = np.lib.stride_tricks.sliding_window_view(logs, span, axis=1)[rows, starts]
    terms += d[:, :, None] * np.arange(span)
    terms -= (highest + d * (peaks - starts))[:, :, None]
    sums = np.exp(terms, out=terms).sum(axis=2)
    place = (counts[3] - first).astype(np.int64)[:, None]
    likelihood: Floats = logs[rows, place] - highest + d * (place - peaks) - np.log(sums)
    return likelihood
