"""The rule by which evidence becomes a finding."""

import math

import numpy as np

from trimtab.domain.release.evidence.evidence import Evidence, Processes, abort_threshold, promote_threshold, values
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.terms import Bools, Compare, Floats, Ints, Terms

FRESH_TICKS = 3
"""Ticks with counts that a step must have had."""

HOLD_THRESHOLD = 10.0
"""Abort evidence from which a step is not passed."""


def findings(
    evidence: Evidence,
    terms: Terms,
    *,
    requests: Ints,
    stable_requests: Ints,
    fresh_ticks: Ints,
    last: Bools,
    compared: Bools,
    mismatched: Bools,
) -> Ints:
    """A Finding for each KPI, of shape (B,), as all arguments are.

    `requests`, `stable_requests`: counted in this step of the candidate and of stable. `fresh_ticks`: ticks of this
    step that counted. `last`: it is the last step, after which there is promotion. `compared`: its requests are
    divided at random. `mismatched`: arrival.mismatched of the KPI's target.
    """
    known = values(evidence, terms)
    promotable = np.log(promote_threshold(terms))
    shared = compared & (known.stable_slo >= 0) & (known.abort_slo >= 0) & (known.promote_slo < promotable)
    slo, relative = _aborts(known, np.log(abort_threshold(terms)), compared, stable_requests)
    short = (requests < terms.min_requests) | (fresh_ticks < FRESH_TICKS)
    unproven = last & ~(evidence.last & _proven(known, terms, promotable, compared))
    return np.select(
        [
            slo,
            relative,
            shared & (known.stable_slo > 0) & (known.abort_slo > 0),
            against(known, compared) >= math.log(HOLD_THRESHOLD),
            mismatched,
            short,
            shared,
            unproven,
        ],
        [
            Finding.ABORT_SLO,
            Finding.ABORT_RELATIVE,
            Finding.HOLD_ENVIRONMENT,
            Finding.HOLD_EVIDENCE,
            Finding.HOLD_SHARE,
            Finding.HOLD_TRAFFIC,
            Finding.HOLD_ENVIRONMENT,
            Finding.HOLD_UNPROVEN,
        ],
        Finding.PASS,
    ).astype(np.int64)


def against(known: Processes, compared: Bools) -> Floats:
    """Log of the evidence against the candidate, of shape (B,): that it breaches its bound, or is worse than stable."""
    relative = np.minimum(known.abort_relative, known.abort_floor)
    return np.where(compared, np.maximum(known.abort_slo, relative), known.abort_slo)


def proof(known: Processes, terms: Terms, compared: Bools) -> Floats:
    """Log of the evidence for the candidate, of shape (B,): the least of what its promotion needs."""
    relative = np.maximum(known.promote_relative, known.promote_floor)
    asked = np.where(compared, terms.compare, Compare.SLO)
    alone = np.where(asked == Compare.STABLE, relative, known.promote_slo)
    return np.where(asked == Compare.BOTH, np.minimum(known.promote_slo, relative), alone)


def _aborts(known: Processes, threshold: Floats, compared: Bools, stable_requests: Ints) -> tuple[Bools, Bools]:
    """Whether the candidate breaches its bound where stable does not, and whether it is worse than stable.

    Where nothing may be compared, stable's own breach excuses the candidate as long as stable has requests.
    """
    excused = np.where(
        compared, (known.stable_slo >= 0) | (known.abort_relative <= 0), (stable_requests > 0) & (known.stable_slo > 0)
    )
    slo = (known.abort_slo >= threshold) & ~excused
    relative = compared & (np.minimum(known.abort_relative, known.abort_floor) >= threshold)
    return slo, relative


def _proven(known: Processes, terms: Terms, threshold: Floats, compared: Bools) -> Bools:
    return proof(known, terms, compared) >= threshold
