"""Requests that arrived at either revision, whatever the moments at which pods are scraped."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.release.store import CANDIDATE, OURS, STABLE, ZERO, Store, old, question, troubled

from trimtab.domain.release.counting.arrivals import Arrived, arrived
from trimtab.domain.release.counting.counters import Reading, Series
from trimtab.domain.release.counting.meters import Connections, Meter


def counts(store: Store, at: float, since: float = 0.0, **changed: Any) -> list[tuple[float, int | None, int | None]]:
    found = arrived(store.read(at), question(**changed), ZERO + since)
    return [(each.end - ZERO, each.candidate, each.stable) for each in found]


def test_what_came_between_two_scrapes_is_divided_among_ticks_by_time() -> None:
    store = Store().scraped("c1", (3, 0, 0), (13, 100, 0), (23, 100, 0), (33, 100, 0)).steady("s1", -5, 60, rate=2.0)
    found = counts(store, 40.0, starts=old("c1", "s1"), mark=ZERO - 10)
    assert found == [(18.0, 50, 20), (28.0, 0, 20)]
    assert sum(each[1] or 0 for each in counts(store, 40.0, starts=old("s1"), mark=ZERO - 10)) == 100 - 50


@pytest.mark.parametrize("phase", [7.9, 8.0, 8.1, 3.0, 17.999])
def test_the_share_does_not_sway_with_the_phase_of_scrapes(phase: float) -> None:
    """One pod's scrapes come at the edge of a tick, now before it, now after."""
    store = Store().steady("s1", -25, 100, rate=9.0)
    jitter = (0.05, -0.05)
    times = [phase + 10 * number - 20 + jitter[number % 2] for number in range(12)]
    store.scraped("c1", *((at, 1000 + (at + 100) * 1.0, 0) for at in times))
    found = counts(store, 90.0, starts=old("c1", "s1"))
    assert len(found) >= 6
    for _, ours, theirs in found:
        assert ours is not None
        assert abs(ours - 10) <= 1
        assert theirs == 90


def test_a_tick_closes_once_every_pod_was_scraped_after_it() -> None:
    store = Store().steady("c1", -25, 100).steady("s1", -21, 100)
    starts = old("c1", "s1")
    assert counts(store, 30.0, starts=starts) == []
    assert [each[0] for each in counts(store, 36.0, starts=starts)] == [28.0]
    assert counts(store, 36.0, since=28.0, starts=starts) == []


def test_all_pods_count_however_young() -> None:
    store = Store().steady("c1", -25, 100).steady("s1", -25, 100).scraped("c2", (33, 6, 0), (43, 16, 0), (53, 26, 0))
    starts = old("c1", "s1", c2=30.0)
    assert counts(store, 60.0, warmup=60.0, starts=starts)[1:] == [(38.0, 21, 10), (48.0, 20, 10)]


def test_a_pod_that_was_not_scraped_makes_the_tick_unknown() -> None:
    """Its requests would be missing from the share."""
    store = Store().steady("c1", -25, 15).steady("c1", 65, 100).steady("c2", -25, 100).steady("s1", -25, 100)
    starts = old("c1", "c2", "s1")
    known = [end for end, ours, _ in counts(store, 98.0, starts=starts) if ours is not None]
    assert known == [78.0, 88.0]
    assert all(theirs == 10 for _, _, theirs in counts(store, 98.0, starts=starts))


def test_what_began_before_the_weight_changed_makes_the_tick_unknown() -> None:
    store = Store().scraped("c1", (-5, 0, 0), (25, 900, 0), (35, 910, 0), (45, 920, 0)).steady("s1", -25, 60)
    assert counts(store, 50.0, starts=old("c1", "s1")) == [(28.0, None, 10), (38.0, 10, 10)]


def test_connections_are_counted_the_same() -> None:
    accepted = [Meter(arm, Connections()) for arm in (CANDIDATE, STABLE)]
    store = Store().steady("c1", -25, 60, meter=accepted[0]).steady("s1", -25, 60, meter=accepted[1])
    found = counts(store, 36.0, candidate=accepted[0], stable=accepted[1], starts=old("c1", "s1"))
    assert found == [(28.0, 10, 10)]


def test_requests_of_an_arm_are_counted_from_its_series() -> None:
    samples = tuple((ZERO + at, 50.0 + at) for at in range(-25, 60, 10))
    series = {arm: (Series(pod=pod, samples=samples),) for arm, pod in ((CANDIDATE, "c1"), (STABLE, "s1"))}
    asked = question(candidate=CANDIDATE, stable=STABLE, starts=old("c1", "s1"))
    assert arrived(Reading(at=ZERO + 36, series=series), asked, ZERO) == (
        Arrived(end=ZERO + 28, candidate=10, stable=10),
    )
    assert arrived(Reading(at=ZERO + 36, failed={STABLE: "Prometheus cannot be reached"}), asked, ZERO) == ()


def test_without_stable_there_is_no_share() -> None:
    assert counts(Store().steady("c1", -25, 60), 40.0, candidate=OURS, stable=None) == []


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), moments=st.sets(st.integers(0, 290), max_size=40))
def test_a_restart_at_any_tick_changes_no_share(seed: int, moments: set[int]) -> None:
    store, asked = troubled(Random(seed)), question(starts=old("c1", "c2", "s1", c3=95.0, s2=90.0))

    def looks(times: list[float]) -> list[Arrived]:
        found: list[Arrived] = []
        since = ZERO
        for at in times:
            found += arrived(store.read(at, min(at + ZERO - since + 40, 600.0)), asked, since)
            since = found[-1].end if found else since
        return found

    steady = looks([float(at) for at in range(0, 300, 10)] + [340.0])
    assert looks([*sorted(float(at) for at in moments), 340.0]) == steady
