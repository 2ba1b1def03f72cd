"""Gauges: one value for each revision and tick."""

from typing import Any

import pytest
from tests.unit.domain.release.store import CANDIDATE, LAG, STABLE, ZERO, Store, old, question

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.levels import Aggregate, levelled
from trimtab.domain.release.counting.meters import Meter

OURS, THEIRS = (Meter(arm, LAG) for arm in (CANDIDATE, STABLE))


def levels(
    store: Store, at: float, aggregate: Aggregate = "avg", since: float = 0.0, **changed: Any
) -> list[tuple[float, float | None, float | None]]:
    asked = question(candidate=OURS, stable=THEIRS, **changed)
    return [
        (each.end - ZERO, each.candidate, each.stable)
        for each in levelled(store.read(at), asked, ZERO + since, aggregate)
    ]


@pytest.mark.parametrize(("aggregate", "value"), [("max", 5.0), ("min", 1.0), ("avg", 3.0), ("sum", 6.0)])
def test_the_pods_of_a_tick_become_one_value(aggregate: Aggregate, value: float) -> None:
    store = Store().levels("c1", (15, 1.0)).levels("c2", (16, 5.0)).levels("s1", (17, 7.0))
    assert levels(store, 20.0, aggregate, starts=old("c1", "c2", "s1")) == [(18.0, value, 7.0)]


def test_the_newest_sample_of_a_pod_counts() -> None:
    store = Store().levels("c1", (8.1, 1.0), (17.9, 2.0), (28.1, 9.0))
    assert levels(store, 20.0, starts=old("c1")) == [(18.0, 2.0, None)]


def test_a_pod_without_a_sample_in_the_tick_has_no_value() -> None:
    store = Store().levels("c1", (15, 4.0)).levels("s1", (15, 1.0), (25, 2.0), (35, 3.0), (45, 3.0))
    assert levels(store, 49.0, starts=old("c1", "s1")) == [
        (18.0, 4.0, 1.0),
        (28.0, None, 2.0),
    ]


def test_dead_unknown_and_young_pods_have_no_value() -> None:
    store = Store().levels("c1", (15, 4.0)).levels("c2", (15, 400.0)).levels("c9", (15, 40.0))
    assert levels(store, 20.0, "sum", warmup=60.0, starts=old("c1", c2=0.0)) == [(18.0, 4.0, None)]


def test_a_tick_that_was_taken_is_not_taken_again() -> None:
    store = Store().levels("c1", *((5.0 + 10 * number, float(number)) for number in range(6)))
    assert [each[0] for each in levels(store, 50.0, since=28.0, starts=old("c1"))] == [38.0, 48.0]


def test_nothing_closes_while_the_store_cannot_be_asked() -> None:
    reading = Reading(at=ZERO + 50, unread={OURS: "Prometheus cannot be reached"})
    assert levelled(reading, question(candidate=OURS, stable=None), ZERO, "max") == ()
