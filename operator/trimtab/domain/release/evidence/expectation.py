"""How many requests a verdict takes: from how fast the evidence grows, which is its relative entropy per request."""

from dataclasses import replace

import numpy as np

from trimtab.domain.release.evidence.evidence import (
    Evidence,
    Processes,
    abort_threshold,
    begin,
    promote_threshold,
    values,
)
from trimtab.domain.release.evidence.rule import against, proof
from trimtab.domain.release.evidence.terms import Bools, Compare, Floats, Ints, Terms

_MIXTURE = 1.5
"""Logs that evidence lags behind, since it bets on a whole grid of shares and not only on the true one."""

_PATIENCE = 4.0
"""What part of the deadline a comparison with stable may take if nobody asked for it: a quarter."""

_LEAST = 1e-300


def requests_needed(known: Processes, terms: Terms, *, weight: Floats, share: Floats, phi: Floats) -> Floats:
    """Requests of the candidate until it is proven good if it is no worse than stable, of shape (B,); inf if never.

    `known`: evidence.values. `weight`: share of the requests that go to the candidate, 0 to 1; at 0 and 1 only the
    KPI's own bound counts. `share`: of bad requests, of both revisions. `phi`: by what log likelihoods are divided.
    """
    slo = _missing(known.promote_slo, terms, phi) / _told_below(share, terms.p0)
    floor = _missing(known.promote_floor, terms, phi) / _told_below(share, terms.floor)
    relative = _missing(known.promote_relative, terms, phi) / _told_beside(share, weight, terms.tolerance)
    beside = np.minimum(relative, floor)
    compare = np.where((weight > 0) & (weight < 1), terms.compare, Compare.SLO)
    needed = np.where(compare == Compare.SLO, slo, np.where(compare == Compare.STABLE, beside, np.maximum(slo, beside)))
    return np.where(needed < 1 / np.sqrt(_LEAST), needed, np.inf)


def chosen(terms: Terms, *, rate: Floats, share: Floats, weight: Floats, deadline: float) -> Ints:
    """What `compareTo: Auto` stands for, a Compare of shape (B,): BOTH where it is decided in time, else SLO.

    `rate`: requests a second of the service. `share`: of stable's that are bad. `weight`: the candidate's share of the
    requests in the last step, 0 to 1. In time is a quarter of `deadline` (seconds), for a candidate as good as stable,
    or half as bad as p0 allows while stable is worse.
    """
    both = replace(terms, compare=np.full_like(terms.compare, Compare.BOTH))
    nothing = values(begin(len(terms.p0)), both)
    good = np.minimum(share, terms.p0 / 2)
    needed = requests_needed(nothing, both, weight=weight, share=good, phi=np.ones_like(good))
    seconds = needed / np.maximum(rate * weight, _LEAST)
    divided = (weight > 0) & (weight < 1)
    return np.where(divided & (seconds <= deadline / _PATIENCE), Compare.BOTH, Compare.SLO).astype(np.int64)


def likely_share(total: Ints, bad: Ints, terms: Terms) -> Floats:
    """The share of bad requests to reckon with, of shape (B,): as counted, and half of p0 before there are counts."""
    return (bad + 1) / (total + 2 / terms.p0)


def progress(evidence: Evidence, terms: Terms, compared: Bools) -> tuple[Ints, Ints]:
    """How far the evidence is on its way to an abort and to a promotion: 0 to 100, by logarithms, of shape (B,)."""
    known = values(evidence, terms)
    abort = against(known, compared) / np.log(abort_threshold(terms))
    promote = proof(known, terms, compared) / np.log(promote_threshold(terms))
    return _percent(abort), _percent(promote)


def _percent(way: Floats) -> Ints:
    return np.floor(np.clip(way, 0.0, 1.0) * 100 + 1e-9).astype(np.int64)


def _missing(log: Floats, terms: Terms, phi: Floats) -> Floats:
    """Logs that are missing; of what the grid costs, the part that was not paid yet."""
    threshold = np.log(promote_threshold(terms))
    unpaid = np.clip(1 - log / threshold, 0.0, 1.0)
    return (np.maximum(threshold - log, 0.0) + _MIXTURE * unpaid) * phi


def _told_below(share: Floats, border: Floats) -> Floats:
    """What a request tells, in logs, of a share that is below `border`; next to nothing of one that is not."""
    return np.where(share < border, np.maximum(_entropy(share, border), _LEAST), _LEAST)


def _told_beside(share: Floats, weight: Floats, tolerance: Floats) -> Floats:
    """What a request of the candidate tells of its odds beside stable's, which fails as often."""
    divided = np.clip(weight, 1e-9, 1 - 1e-9)
    worse = divided * tolerance / (1 - divided + divided * tolerance)
    return np.maximum(share / divided * _entropy(divided, worse), _LEAST)


def _entropy(p: Floats, q: Floats) -> Floats:
    """Relative entropy of two shares."""
    one, other = np.clip(p, 1e-12, 1 - 1e-12), np.clip(q, 1e-12, 1 - 1e-12)
    return one * np.log(one / other) + (1 - one) * np.log((1 - one) / (1 - other))
