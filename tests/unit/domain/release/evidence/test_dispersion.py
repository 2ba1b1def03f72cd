"""Over-dispersion by hand: which counts it learns from, and when."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from tests.unit.domain.release.evidence.batches import terms_of, tick_of

from trimtab.domain.release.evidence import dispersion
from trimtab.domain.release.evidence.dispersion import Dispersion
from trimtab.domain.release.evidence.tick import Tick

CLUSTERS = [0, 9, 0, 0, 8, 1]


def learnt(*ticks: Tick, **changes: float) -> Dispersion:
    """What one KPI's ticks tell."""
    known = dispersion.begin(1)
    for tick in ticks:
        known = dispersion.after(known, terms_of(1, **changes), tick)
    return known


def phi(known: Dispersion, tick: Tick | None = None, **changes: float) -> float:
    return float(dispersion.phi(known, terms_of(1, **changes), tick or tick_of(1, (100, 1), (100, 1)))[0])


def test_before_a_minute_is_complete_it_is_the_prior() -> None:
    ticks = [tick_of(1, (100, bad), (0, 0)) for bad in CLUSTERS[:5]]
    assert phi(learnt(*ticks), least_dispersion=2.0) == 2.0
    assert phi(learnt(*ticks), least_dispersion=4.0) == 4.0


@pytest.mark.parametrize(
    ("candidate", "stable", "each_pod"), [(4000, 4000, 1000), (1000, 19_000, 2500), (6000, 1000, 1500)]
)
def test_the_prior_grows_with_what_a_pod_serves(candidate: int, stable: int, each_pod: int) -> None:
    busy = tick_of(1, (candidate, 1), (stable, 1), candidate_pods=4, stable_pods=4)
    assert phi(learnt(), busy, least_dispersion=2.0) == 1 + 0.01 * each_pod
    assert phi(learnt(), busy, least_dispersion=50.0) == 50.0


def test_a_complete_minute_adds_pearsons_chi_square_of_each_revision() -> None:
    stable = [3, 2, 4, 1, 3, 2]
    known = learnt(*(tick_of(1, (100, one), (200, other)) for one, other in zip(CLUSTERS, stable, strict=True)))
    tables = [np.array([bads, [total - bad for bad in bads]]) for bads, total in ((CLUSTERS, 100), (stable, 200))]
    statistics = [chi2_contingency(table, correction=False).statistic for table in tables]
    expected = statistics[0] * 599 / 600 + statistics[1] * 1199 / 1200
    assert known.chi_square[0] == pytest.approx(expected)
    assert known.freedom[0] == 10
    assert phi(known, least_dispersion=2.0) == pytest.approx((expected + 2 * 10) / 20)


def test_by_hand() -> None:
    """Two ticks with 4 of 10 and 0 of 10, then four without requests: rate 1/5, chi-square 20/4, times 19/20."""
    known = learnt(tick_of(1, (10, 4), (0, 0)), tick_of(1, (10, 0), (0, 0)), *[tick_of(1, (0, 0), (0, 0))] * 4)
    assert known.chi_square[0] == pytest.approx(5 * 19 / 20)
    assert known.freedom[0] == 1
    assert phi(known, least_dispersion=2.0) == pytest.approx((4.75 + 2 * 19) / 20)


def test_the_tick_itself_is_not_among_what_it_is_tempered_by() -> None:
    """Even the sixth tick, which completes the minute, is tempered by what was known before it."""
    known = learnt(*(tick_of(1, (100, bad), (0, 0)) for bad in CLUSTERS[:5]))
    sixth = [tick_of(1, (100, bad), (0, 0)) for bad in (0, 90)]
    assert phi(known, sixth[0], least_dispersion=2.0) == phi(known, sixth[1], least_dispersion=2.0) == 2.0


@pytest.mark.parametrize("bad", [0, 100])
def test_minutes_without_bad_requests_or_with_bad_ones_alone_tell_nothing(bad: int) -> None:
    known = learnt(*[tick_of(1, (100, bad), (50, 0))] * 6)
    assert known.chi_square[0] == known.freedom[0] == known.ticks[0] == 0
    assert phi(known, least_dispersion=2.0) == 2.0


def test_enough_minutes_replace_the_prior_and_it_is_never_below_one() -> None:
    even = [tick_of(1, (100, 1), (100, 1))] * 12
    known = learnt(*even)
    assert known.freedom[0] == 20
    assert known.chi_square[0] == pytest.approx(0, abs=1e-12)
    assert phi(known, least_dispersion=4.0) == 1.0


@pytest.mark.parametrize(("per_hour", "ticks"), [(3600.0, 60), (360.0, 6), (120.0, 6), (60.0, 6), (12.0, 6)])
def test_a_minute_has_the_ticks_of_60_seconds_and_at_least_six(per_hour: float, ticks: int) -> None:
    every = [tick_of(1, (100, bad), (0, 0)) for bad in (CLUSTERS * 10)[:ticks]]
    assert learnt(*every[:-1], ticks_per_hour=per_hour).freedom[0] == 0
    assert learnt(*every, ticks_per_hour=per_hour).freedom[0] == ticks - 1


def test_ticks_that_do_not_count_change_nothing() -> None:
    ticks = [tick_of(1, (100, bad), (0, 0)) for bad in CLUSTERS]
    gap = tick_of(1, (100, 50), (70, 20), counts=False)
    whole, broken = learnt(*ticks), learnt(*ticks[:3], gap, *ticks[3:])
    assert all(getattr(whole, name)[0].tolist() == getattr(broken, name)[0].tolist() for name in Dispersion.__slots__)


def test_its_mean_is_one_where_requests_fail_independently() -> None:
    generator, rows = np.random.default_rng(7), 2000
    known, terms = dispersion.begin(rows), terms_of(rows)
    for _ in range(6):
        bad = generator.binomial(30, 0.02, (2, rows))
        known = dispersion.after(known, terms, tick_of(rows, (30, bad[0]), (30, bad[1])))
    assert known.chi_square.sum() / known.freedom.sum() == pytest.approx(1.0, abs=0.04)
