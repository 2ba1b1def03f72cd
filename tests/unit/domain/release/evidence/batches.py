"""Batches of KPIs, with the terms of the published bars unless said."""

from typing import Any

import numpy as np

from trimtab.domain.release.evidence.evidence import Evidence, after, begin
from trimtab.domain.release.evidence.terms import Compare, Terms
from trimtab.domain.release.evidence.tick import Tick

MANY_PODS = 10**9
"""So many that no request is likely to share its pod with another: over-dispersion is then taken for what terms say."""


def terms_of(rows: int, **changes: Any) -> Terms:
    """Terms of so many equal KPIs: 99 % must succeed, a tick takes 10 s."""
    equal: dict[str, float] = {
        "p0": 0.01,
        "floor": 0.0025,
        "tolerance": 2.0,
        "false_abort": 0.01,
        "false_promote": 0.05,
        "kpis": 1.0,
        "ticks_per_hour": 360.0,
        "least_dispersion": 1.0,
    }
    columns: dict[str, Any] = {
        name: np.broadcast_to(np.float64(changes.pop(name, value)), (rows,)) for name, value in equal.items()
    }
    whole = {"min_requests": 100, "compare": Compare.BOTH}
    wholes: dict[str, Any] = {
        name: np.broadcast_to(np.int64(changes.pop(name, value)), (rows,)) for name, value in whole.items()
    }
    assert not changes
    return Terms(**columns, **wholes)


def tick_of(rows: int, candidate: Any, stable: Any, **changes: Any) -> Tick:
    """A tick of so many rows: (total, bad) of each revision, numbers or arrays."""
    values = {
        "candidate_total": candidate[0],
        "candidate_bad": candidate[1],
        "candidate_pods": MANY_PODS,
        "stable_total": stable[0],
        "stable_bad": stable[1],
        "stable_pods": MANY_PODS,
        "compared": True,
        "counts": True,
    } | changes
    kinds = {"compared": np.bool_, "counts": np.bool_}
    columns: dict[str, Any] = {
        name: np.array(np.broadcast_to(value, (rows,)), kinds.get(name, np.int64)) for name, value in values.items()
    }
    return Tick(**columns)


def grown(rows: int, terms: Terms, *ticks: Tick, last: bool = False) -> Evidence:
    """The evidence of so many rows after these ticks."""
    evidence = begin(rows)
    for tick in ticks:
        evidence = after(evidence, terms, tick, last=np.full(rows, last))
    return evidence
