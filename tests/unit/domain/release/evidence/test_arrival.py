"""The share test: whether requests arrive as the router was told to divide them."""

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.stats import binom

from trimtab.domain.release.evidence import arrival
from trimtab.domain.release.evidence.arrival import Arrival

PER_HOUR = 360.0


def after(before: Arrival, candidate: ArrayLike, stable: ArrayLike, weight: float, *, counts: bool = True) -> Arrival:
    rows = len(before.ticks)
    return arrival.after(
        before,
        candidate=np.array(np.broadcast_to(candidate, (rows,)), np.int64),
        stable=np.array(np.broadcast_to(stable, (rows,)), np.int64),
        weight=np.full(rows, weight),
        ticks_per_hour=np.full(rows, PER_HOUR),
        counts=np.full(rows, counts),
    )


def mismatched(known: Arrival) -> np.ndarray:
    rows = len(known.ticks)
    return arrival.mismatched(known, ticks_per_hour=np.full(rows, PER_HOUR), false_abort=np.full(rows, 0.01))


@pytest.mark.parametrize(
    ("weight", "share", "found"),
    [
        (0.5, 0.5, False),
        (0.5, 0.545, False),
        (0.5, 0.4, True),
        (0.5, 0.6, True),
        (0.05, 0.05, False),
        (0.05, 0.042, False),
        (0.05, 0.058, False),
        (0.05, 0.03, True),
        (0.05, 0.08, True),
        (0.01, 0.01, False),
        (0.01, 0.0, False),
        (0.01, 0.05, True),
        (0.95, 0.5, True),
        (0.95, 0.99, False),
    ],
)
def test_it_finds_lost_requests_and_nothing_else(weight: float, share: float, found: bool) -> None:
    known = arrival.begin(1)
    for _ in range(60):
        known = after(known, round(1000 * share), 1000 - round(1000 * share), weight)
    assert mismatched(known).tolist() == [found]


@pytest.mark.parametrize(("weight", "share"), [(0.5, 0.55), (0.5, 0.45), (0.05, 0.06), (0.05, 0.04), (0.9, 0.99)])
def test_within_the_margin_nothing_is_to_be_expected(weight: float, share: float) -> None:
    total = 40
    candidate = np.arange(total + 1)
    per_hour = np.full(total + 1, PER_HOUR)
    before = after(arrival.begin(total + 1), 4, 30, weight)
    following = after(before, candidate, total - candidate, weight)
    now, then = (arrival.value(each, per_hour) for each in (before, following))
    assert (binom.pmf(candidate, total, share) * np.exp(then)).sum() <= np.exp(now[0]) * (1 + 1e-5)


def test_it_recovers_once_requests_arrive_again() -> None:
    known = arrival.begin(1)
    for _ in range(30):
        known = after(known, 200, 800, 0.5)
    assert mismatched(known)[0]
    for _ in range(3):
        known = after(known, 500, 500, 0.5)
    assert not mismatched(known)[0]


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_where_nothing_is_divided_nothing_is_tested(weight: float) -> None:
    known = arrival.begin(1)
    for _ in range(10):
        known = after(known, 1000, 1000, weight)
    assert arrival.value(known, np.array([PER_HOUR]))[0] == pytest.approx(0.0, abs=1e-6)


def test_ticks_that_do_not_count_change_nothing() -> None:
    known = after(arrival.begin(1), 30, 20, 0.5)
    same = after(known, 1000, 0, 0.5, counts=False)
    assert all((getattr(known, name) == getattr(same, name)).all() for name in Arrival.__slots__)
