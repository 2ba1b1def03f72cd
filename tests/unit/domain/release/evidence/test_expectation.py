"""How long a verdict takes, beside what it took in the reference simulation."""

import numpy as np
import pytest

from trimtab.api.analysis import Analysis
from trimtab.domain.release.evidence import expectation, terms
from trimtab.domain.release.evidence.evidence import begin, values
from trimtab.domain.release.evidence.terms import Compare, Terms


def of(compare: Compare = Compare.BOTH, rate: str = "99%") -> Terms:
    return terms.of(Analysis(), [rate], compare=[compare], tick=10.0, kpis=1)


def needed(on: Terms, *, weight: float, share: float) -> float:
    known = values(begin(1), on)
    one = np.ones(1)
    return float(expectation.requests_needed(known, on, weight=weight * one, share=share * one, phi=one)[0])


def test_proof_of_the_bound_takes_what_the_entropy_says() -> None:
    """Half a percent instead of one tells 0.00155 a request: (ln 40 + 1.5) / 0.00155."""
    assert needed(of(Compare.SLO), weight=0.5, share=0.005) == pytest.approx(3380, rel=0.01)


def test_proof_beside_stable_takes_eighty_to_ninety_errors() -> None:
    """At equal shares and a tolerance of 2 an error tells 0.059."""
    assert needed(of(Compare.STABLE), weight=0.5, share=0.005) * 2 * 0.005 == pytest.approx(88, rel=0.02)


def test_next_to_no_errors_are_proven_by_the_floor() -> None:
    assert needed(of(), weight=0.5, share=0.0001) < needed(of(), weight=0.5, share=0.005)


@pytest.mark.parametrize("share", [0.01, 0.02, 0.9])
def test_what_is_not_good_is_never_proven(share: float) -> None:
    assert needed(of(), weight=0.5, share=share) == np.inf


@pytest.mark.parametrize(("rate", "choice"), [(0.5, Compare.SLO), (2.0, Compare.SLO), (5.0, Compare.BOTH)])
def test_auto_compares_where_the_traffic_decides_in_a_quarter_of_the_deadline(rate: float, choice: Compare) -> None:
    found = expectation.chosen(
        of(), rate=np.array([rate]), share=np.array([0.005]), weight=np.array([0.5]), deadline=6 * 3600.0
    )
    assert found[0] == choice


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_auto_compares_nothing_where_nothing_is_divided(weight: float) -> None:
    found = expectation.chosen(
        of(), rate=np.array([1e6]), share=np.array([0.005]), weight=np.array([weight]), deadline=6 * 3600.0
    )
    assert found[0] == Compare.SLO


def test_an_incident_at_the_start_does_not_choose_the_weaker_judgement() -> None:
    found = expectation.chosen(
        of(), rate=np.array([1000.0]), share=np.array([0.05]), weight=np.array([0.5]), deadline=6 * 3600.0
    )
    assert found[0] == Compare.BOTH


def test_the_way_is_between_nothing_and_all() -> None:
    abort, promote = expectation.progress(begin(1), of(), np.array([True]))
    assert (abort[0], promote[0]) == (0, 0)
