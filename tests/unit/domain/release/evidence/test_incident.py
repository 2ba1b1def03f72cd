"""A failure that both revisions share: while it lasts nobody is aborted, and afterwards nothing is left of it."""

import numpy as np
from tests.unit.domain.release.evidence.batches import terms_of, tick_of

from trimtab.domain.release.evidence.evidence import Evidence, abort_threshold, after, begin, promote_threshold, values
from trimtab.domain.release.evidence.terms import Terms


def judged(evidence: Evidence, terms: Terms, ticks: int, failing: tuple[float, float], last: bool = True) -> Evidence:
    """After ticks in which 1,000 requests of each revision fail by these shares, exactly."""
    candidate, stable = (round(1000 * share) for share in failing)
    for _ in range(ticks):
        evidence = after(evidence, terms, tick_of(1, (1000, candidate), (1000, stable)), last=np.array([last]))
    return evidence


def test_its_end_shows_within_ticks_however_long_it_was() -> None:
    terms = terms_of(1)
    evidence = judged(begin(1), terms, 500, (0.05, 0.05))
    assert values(evidence, terms).stable_slo[0] > 0
    for _ in range(20):
        evidence = judged(evidence, terms, 1, (0.005, 0.005))
        known = values(evidence, terms)
        assert known.abort_slo[0] < np.log(abort_threshold(terms)[0])
    assert known.stable_slo[0] < 0
    assert known.abort_slo[0] < 0


def test_what_proved_the_candidate_good_is_not_lost_in_it() -> None:
    terms = terms_of(1)
    proven = judged(begin(1), terms, 40, (0.004, 0.004))
    assert values(proven, terms).promote_slo[0] >= np.log(promote_threshold(terms)[0])
    evidence = judged(judged(proven, terms, 100, (0.05, 0.05)), terms, 60, (0.004, 0.004))
    known = values(evidence, terms)
    assert known.promote_slo[0] >= np.log(promote_threshold(terms)[0])
    assert known.promote_relative[0] >= np.log(promote_threshold(terms)[0])


def test_a_candidate_that_stays_bad_when_stable_recovers_is_aborted() -> None:
    terms = terms_of(1)
    evidence = judged(judged(begin(1), terms, 100, (0.05, 0.05)), terms, 30, (0.05, 0.004))
    known = values(evidence, terms)
    assert known.stable_slo[0] < 0
    assert known.abort_slo[0] >= np.log(abort_threshold(terms)[0])


def test_a_fix_is_proven_while_stable_is_broken() -> None:
    terms = terms_of(1)
    known = values(judged(begin(1), terms, 60, (0.003, 0.05)), terms)
    assert known.stable_slo[0] > 0
    assert known.promote_slo[0] >= np.log(promote_threshold(terms)[0])
