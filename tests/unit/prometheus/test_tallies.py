"""Series of one process become one count per scrape."""

import pytest

from trimtab.adapters.prometheus.sources import Part
from trimtab.adapters.prometheus.tallies import tally
from trimtab.domain.release.counting.counters import Sample

TOTAL = Part(metric="total", total=1)
BAD = Part(metric="bad", bad=1)
BOTH = Part(metric="all", total=1, bad=1)
FAST = Part(metric="fast", bad=-1)


def samples(*values: float | None) -> tuple[Sample, ...]:
    """One every ten seconds; None for a scrape without it."""
    return tuple((10.0 * number, value) for number, value in enumerate(values) if value is not None)


def counted(*series: tuple[Part, tuple[Sample, ...]]) -> list[tuple[float, float]]:
    """Totals and bads by scrape, in whatever order the series come."""
    made = tally("one", series)
    assert made == tally("one", series[::-1])
    assert made.instance == "one"
    return [(count.total, count.bad) for count in made.counts]


def test_a_scrape_is_one_count() -> None:
    assert counted((TOTAL, samples(5, 9)), (BAD, samples(1, 2))) == [(5, 1), (9, 2)]


def test_all_series_of_a_sum_count() -> None:
    assert counted((TOTAL, samples(5, 9)), (TOTAL, samples(1, 1)), (BAD, samples(1, 2)), (BAD, samples(3, 3))) == [
        (6, 4),
        (10, 5),
    ]


def test_slow_is_all_less_the_fast() -> None:
    assert counted((BOTH, samples(10, 30)), (FAST, samples(9, 27))) == [(10, 1), (30, 3)]


def test_a_series_that_was_never_there_is_zero_before_its_first_increment() -> None:
    """Class 4: the first failure begins a series at 7."""
    assert counted((TOTAL, samples(5, 9, 20)), (BAD, samples(None, None, 7))) == [(5, 0), (9, 0), (20, 7)]
    assert counted((TOTAL, samples(5, 9)), (TOTAL, samples(None, 3))) == [(5, 0), (12, 0)]


def test_a_series_that_vanished_keeps_what_it_had() -> None:
    assert counted((TOTAL, samples(5, 9, 20)), (BAD, samples(2, None, 3))) == [(5, 2), (9, 2), (20, 3)]


def test_a_scrape_without_any_total_is_none() -> None:
    assert counted((TOTAL, samples(5, None, 9)), (BAD, samples(1, 2, 3))) == [(5, 1), (9, 3)]
    assert counted((BAD, samples(1, 2, 3))) == []


def test_a_restart_of_the_process_shows_in_the_total() -> None:
    assert counted((TOTAL, samples(100, 7)), (BAD, samples(9, 2))) == [(100, 9), (7, 2)]
    assert counted((TOTAL, samples(100, 7)), (BAD, samples(9, None))) == [(100, 9), (7, 0)]
    assert counted((TOTAL, samples(100, 7)), (TOTAL, samples(50, 2)), (TOTAL, samples(1, 3))) == [(151, 0), (12, 0)]


def test_one_series_that_falls_alone_is_no_restart() -> None:
    """A metric that is forgotten and begins anew must not make all that the others ever counted look new."""
    assert counted((TOTAL, samples(1000, 3, 5)), (TOTAL, samples(10, 20, 21)), (TOTAL, samples(10, 20, 21))) == [
        (1020, 0),
        (1040, 0),
        (1044, 0),
    ]
    assert counted((TOTAL, samples(5, 9, 10)), (BAD, samples(4, 1, 2))) == [(5, 4), (9, 4), (10, 5)]


@pytest.mark.parametrize("restart", [False, True])
def test_totals_fall_only_by_restarts(restart: bool) -> None:
    after = (3, 1) if restart else (12, 1)
    totals = [total for total, _ in counted((TOTAL, samples(9, after[0])), (TOTAL, samples(8, after[1])))]
    assert (totals[1] < totals[0]) is (restart or sum(after) < 17)


def test_series_that_are_never_scraped_together_are_refused() -> None:
    """Else what failed would never be seen."""
    late = tuple((at + 0.5, value) for at, value in samples(1, 2, 3))
    with pytest.raises(ValueError, match="different timestamps"):
        tally("one", [(TOTAL, samples(5, 9, 20)), (BAD, late)])
    assert counted((TOTAL, samples(5, 9, 20)), (BAD, ((10.0, 1.0), (15.0, 1.0), (20.0, 2.0))))[-1] == (20, 2)
