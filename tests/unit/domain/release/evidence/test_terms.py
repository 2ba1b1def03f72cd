"""Terms from what users write."""

import numpy as np

from trimtab.api.analysis import Analysis
from trimtab.domain.release.evidence import terms
from trimtab.domain.release.evidence.terms import SESSION_DISPERSION, Compare


def test_shares_are_those_that_were_written() -> None:
    analysis = Analysis(false_abort="0.1%", false_promote="1%", tolerance="1.5x", min_requests=7)
    found = terms.of(analysis, ["99.9%", "97%"], compare=[Compare.SLO, Compare.BOTH], tick=30, kpis=3)
    assert found.p0.tolist() == [0.001, 0.03]
    assert found.floor.tolist() == [0.00025, 0.0075]
    assert found.tolerance.tolist() == [1.5, 1.5]
    assert found.false_abort.tolist() == [0.001, 0.001]
    assert found.false_promote.tolist() == [0.01, 0.01]
    assert found.kpis.tolist() == [3, 3]
    assert found.ticks_per_hour.tolist() == [120, 120]
    assert found.min_requests.tolist() == [7, 7]
    assert found.least_dispersion.tolist() == [2, 2]
    assert found.compare.tolist() == [Compare.SLO, Compare.BOTH]
    assert found.rows(np.array([False, True])).p0.tolist() == [0.03]


def test_a_floor_of_ones_own_and_sessions() -> None:
    analysis = Analysis(floor="0.4%")
    found = terms.of(analysis, ["99%"], compare=[Compare.BOTH], tick=10, kpis=1, least_dispersion=SESSION_DISPERSION)
    assert found.floor.tolist() == [0.004]
    assert found.least_dispersion.tolist() == [4]
