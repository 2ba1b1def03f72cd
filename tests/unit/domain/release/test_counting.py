"""From raw samples to whole counts of closed ticks, whatever scrapes, pods and clocks do (failure classes 1, 3, 4)."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.release.store import (
    CANDIDATE,
    OURS,
    SCRAPE,
    STABLE,
    THEIRS,
    ZERO,
    Store,
    old,
    question,
    troubled,
)

from trimtab.domain.release.counting.closing import Carry, Counted, Counts, closed
from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.meters import Errors, Meter
from trimtab.domain.release.counting.question import silence, unread


def counted(
    store: Store, at: float, since: float = 0.0, carry: Carry | None = None, **changed: Any
) -> dict[float, Counted]:
    """The ticks that a look shows, by their end in seconds from ZERO."""
    found = closed(store.read(at), question(**changed), ZERO + since, carry)
    return {each.end - ZERO: each for each in found}


def candidates(store: Store, at: float, **changed: Any) -> dict[float, Counts | None]:
    """The candidate's counts alone, by the end of the tick."""
    return {end: each.candidate for end, each in counted(store, at, stable=None, **changed).items()}


def both() -> Store:
    """One old pod of each revision: 1 request a second, of which 0.1 fail in the candidate."""
    return Store().steady("c1", -25, 200, bad=0.1).steady("s1", -23, 200)


# --- ticks


def test_a_tick_ends_two_seconds_before_a_multiple_of_its_interval_and_closes_a_second_after() -> None:
    assert list(counted(both(), 16.9)) == []
    assert list(counted(both(), 19.0)) == [18.0]
    assert list(counted(both(), 40.0)) == [18.0, 28.0, 38.0]


def test_a_tick_counts_what_was_scraped_last_in_it() -> None:
    tick = counted(both(), 20.0)[18.0]
    assert tick.candidate == Counts(total=10, bad=1, pods=1)
    assert tick.stable == Counts(total=10, bad=0, pods=1)
    assert tick.fresh


def test_what_was_counted_is_not_counted_again() -> None:
    assert list(counted(both(), 40.0, since=28.0)) == [38.0]
    assert list(counted(both(), 40.0, since=38.0)) == []


def test_the_tick_is_never_shorter_than_the_time_between_scrapes() -> None:
    assert list(counted(both(), 40.0, interval=1.0)) == [18.0, 28.0, 38.0]


def test_a_longer_interval_has_more_scrapes_in_a_tick() -> None:
    tick = counted(both(), 61.0, interval=30.0)[58.0]
    assert tick.candidate == Counts(total=30, bad=3, pods=1)


def test_another_interval_goes_on_where_the_earlier_one_ended() -> None:
    assert list(counted(both(), 130.0, since=38.0, interval=30.0)) == [88.0, 118.0]


# --- what is in effect


def test_a_tick_in_which_the_weight_changed_is_discarded() -> None:
    assert list(counted(both(), 60.0, mark=ZERO + 30)) == [48.0, 58.0]


def test_an_increment_that_began_before_the_weight_changed_is_left_out() -> None:
    store = Store().scraped("c1", (11, 100, 0), (29, 900, 800), (39, 910, 800))
    assert candidates(store, 42.0, mark=ZERO + 18) == {28.0: None, 38.0: None}
    assert candidates(store, 52.0, mark=ZERO + 18)[48.0] == Counts(total=10, bad=0, pods=1)


# --- no data is no zero


def test_no_data_adds_nothing() -> None:
    ticks = counted(Store().steady("s1", -20, 100), 40.0)
    assert [(each.candidate, each.fresh) for each in ticks.values()] == [(None, False)] * 3


def test_stable_without_data_makes_a_tick_stale_only_where_it_is_judged() -> None:
    store = Store().steady("c1", -20, 100)
    assert not any(each.fresh for each in counted(store, 40.0).values())
    assert all(each.fresh for each in counted(store, 40.0, stable=None).values())


def test_no_request_is_a_zero() -> None:
    tick = counted(Store().steady("c1", -20, 100, rate=0).steady("s1", -20, 100), 20.0)[18.0]
    assert tick.candidate == Counts(total=0, bad=0, pods=1)
    assert tick.fresh


def test_nothing_closes_while_the_store_cannot_be_asked_and_nothing_is_lost() -> None:
    failing = Reading(at=ZERO + 40, window=600.0, unread={OURS: "Prometheus cannot be reached"})
    assert closed(failing, question(), ZERO) == ()
    assert unread(failing, question()) == "Prometheus cannot be reached"
    assert list(counted(both(), 50.0)) == [18.0, 28.0, 38.0, 48.0]


def test_an_outage_of_scraping_is_no_traffic_and_no_failure() -> None:
    """Two minutes without a sample: what happened meanwhile is not known to be of one tick."""
    store = Store()
    for pod in ("c1", "s1"):
        store.steady(pod, -20, 20, bad=0.1).steady(pod, 140, 200, bad=0.1)
    ticks = counted(store, 200.0)
    assert [end for end, each in ticks.items() if each.fresh] == [18.0, 28.0, 158.0, 168.0, 178.0, 188.0, 198.0]


def test_silence_is_that_of_the_quieter_revision() -> None:
    store = Store().steady("c1", -20, 20).steady("s1", -20, 95)
    assert silence(store.read(100.0), question()) == pytest.approx(80)
    assert silence(store.read(100.0), question(candidate=Meter(CANDIDATE, Errors("App", 1)))) == float("inf")
    assert silence(store.read(100.0), question(candidate=THEIRS, stable=None)) == pytest.approx(10)


# --- counters


def test_counts_are_whole_and_add_up() -> None:
    store = Store().scraped("c1", (5, 0.6, 0.0), (15, 1.4, 0.5), (25, 3.9, 1.2), (35, 4.0, 2.0))
    found = [counts for counts in candidates(store, 38.0).values() if counts]
    assert [(counts.total, counts.bad) for counts in found] == [(1, 0), (2, 1)]


def test_a_process_that_began_anew_counts_from_zero() -> None:
    store = Store().scraped("c1", (7, 5000, 50), (17, 30, 2), (27, 40, 2))
    assert candidates(store, 30.0) == {18.0: Counts(30, 2, 1), 28.0: Counts(10, 0, 1)}


def test_a_counter_of_failures_that_falls_alone_adds_nothing() -> None:
    store = Store().scraped("c1", (7, 5000, 50), (17, 5030, 2), (27, 5040, 3))
    assert candidates(store, 30.0) == {18.0: Counts(30, 0, 1), 28.0: Counts(10, 1, 1)}


def test_failures_that_first_appear_on_a_warm_pod_are_failures() -> None:
    """The series class="5" is not there until the first failure; the reader takes it for 0 until then."""
    store = Store().scraped("c1", (7, 5000, 0), (17, 5010, 7))
    assert candidates(store, 20.0) == {18.0: Counts(10, 7, 1)}


def test_failures_of_requests_that_began_earlier_are_carried_to_the_next_tick() -> None:
    store = Store().scraped("c1", (7, 100, 0), (17, 104, 9), (27, 110, 9), (37, 120, 9))
    ticks = counted(store, 40.0, stable=None)
    assert [each.candidate for each in ticks.values()] == [Counts(4, 4, 1), Counts(6, 5, 1), Counts(10, 0, 1)]
    assert [each.carry.candidate for each in ticks.values()] == [5, 0, 0]
    assert counted(store, 40.0, since=18.0, carry=ticks[18.0].carry, stable=None) == {
        end: each for end, each in ticks.items() if end > 18.0
    }


def test_what_is_carried_waits_for_a_tick_that_counts() -> None:
    store = Store().scraped("c1", (7, 100, 0), (17, 104, 9), (47, 105, 9), (57, 115, 9)).steady("s1", -23, 100)
    ticks = counted(store, 60.0)
    assert [(end, each.candidate, each.carry.candidate) for end, each in ticks.items()] == [
        (18.0, Counts(4, 4, 1), 5),
        (28.0, None, 5),
        (38.0, None, 5),
        (48.0, Counts(1, 1, 1), 4),
        (58.0, Counts(10, 4, 1), 0),
    ]


# --- scrapes


def test_two_scrapes_in_a_tick_count_both_and_none_makes_it_stale() -> None:
    store = Store().scraped("c1", (8.1, 10, 0), (17.9, 20, 1), (28.1, 30, 2), (37.9, 40, 3))
    assert candidates(store, 42.0) == {18.0: Counts(10, 1, 1), 28.0: None, 38.0: Counts(20, 2, 1)}


def test_scrapes_on_the_edge_belong_to_the_tick_that_ends() -> None:
    store = Store().scraped("c1", (8.0, 10, 0), (18.0, 20, 1), (28.0, 30, 2))
    assert candidates(store, 30.0) == {18.0: Counts(10, 1, 1), 28.0: Counts(10, 1, 1)}


@pytest.mark.parametrize(("seconds", "known"), [(30.005, True), (35.0, True), (35.1, False)])
def test_samples_further_apart_than_three_late_scrapes_tell_nothing(seconds: float, known: bool) -> None:
    store = Store().scraped("c1", (5, 10, 0), (5 + seconds, 40, 30), (15 + seconds, 50, 30))
    found = [counts for counts in candidates(store, 62.0).values() if counts]
    assert found == [Counts(30, 30, 1)] * known + [Counts(10, 0, 1)]


def test_a_scrape_that_is_stored_late_is_waited_for() -> None:
    """A store that is written to from afar: each sample is there 15 s after its scrape."""
    store = replace(both(), delay=15.0)
    assert list(counted(store, 20.0)) == []
    assert list(counted(store, 31.9)) == []
    assert counted(store, 32.0) == counted(both(), 20.0)


def test_a_process_that_is_gone_is_not_waited_for_for_ever() -> None:
    store = both().steady("c2", -21, 9)
    assert list(counted(store, 47.9)) == [18.0]
    assert list(counted(store, 48.0)) == [18.0, 28.0]
    assert list(counted(store, 67.9)) == [18.0, 28.0, 38.0]
    assert list(counted(store, 68.0)) == [18.0, 28.0, 38.0, 48.0, 58.0]
    assert list(counted(store, 80.0)) == [18.0, 28.0, 38.0, 48.0, 58.0, 68.0, 78.0]


# --- pods


def test_pods_are_added_up() -> None:
    store = both().steady("c2", -21, 100, bad=0.2)
    assert counted(store, 30.0)[28.0].candidate == Counts(total=20, bad=3, pods=2)


def test_series_of_dead_pods_count_for_what_they_lived() -> None:
    store = both().steady("c2", -21, 29)
    found = [each.candidate for each in counted(store, 90.0, since=18.0).values()]
    assert found == [Counts(20, 1, 2), Counts(20, 1, 2), *[Counts(10, 1, 1)] * 5]


def test_pods_that_the_cluster_does_not_know_are_left_out() -> None:
    assert not any(each.fresh for each in counted(both(), 40.0, starts=old("s1")).values())
    assert counted(both().steady("c9", -21, 100), 20.0)[18.0].candidate == Counts(10, 1, 1)


def test_pods_younger_than_the_warm_up_are_left_out_in_both_revisions() -> None:
    store = both().steady("c2", 12, 100, bad=0.9).steady("s2", 12, 100, bad=0.9)
    starts = old("c1", "s1", c2=10.0, s2=10.0)
    ticks = counted(store, 100.0, warmup=60.0, starts=starts)
    pods = {end: each.candidate.pods for end, each in ticks.items() if each.candidate}
    assert pods == {18.0: 1, 28.0: 1, 38.0: 1, 48.0: 1, 58.0: 1, 68.0: 1, 78.0: 1, 88.0: 2, 98.0: 2}
    assert all(each.stable and each.candidate and each.stable.pods == each.candidate.pods for each in ticks.values())


def test_a_new_pod_counts_from_its_start_where_there_is_no_warm_up() -> None:
    store = both().scraped("c2", (24, 7, 7), (34, 17, 7))
    ticks = counted(store, 40.0, starts=old("c1", "s1", c2=12.0))
    assert ticks[28.0].candidate == Counts(total=17, bad=8, pods=2)


def test_an_old_pod_whose_scraping_begins_does_not_count_what_it_had_counted_before() -> None:
    store = both().scraped("c2", (24, 70000, 7000), (34, 70010, 7000))
    found = [each.candidate for each in counted(store, 40.0).values()]
    assert found == [Counts(10, 1, 1), Counts(10, 1, 1), Counts(20, 1, 2)]


def test_a_new_pod_that_is_scraped_late_does_not_count_all_at_once() -> None:
    store = both().scraped("c2", (64, 7000, 700), (74, 7010, 700))
    ticks = counted(store, 80.0, starts=old("c1", "s1", c2=12.0))
    assert [ticks[end].candidate for end in (68.0, 78.0)] == [Counts(10, 1, 1), Counts(20, 1, 2)]


# --- routers


CONTOUR = (Meter(CANDIDATE, Errors("Contour", 1000)), Meter(STABLE, Errors("Contour", 1000)))


def routed(store: Store, at: float, **changed: Any) -> list[Counts | None]:
    return [each.candidate for each in counted(store, at, candidate=CONTOUR[0], stable=CONTOUR[1], **changed).values()]


def test_a_router_counts_from_zero_what_it_exports_for_the_first_time() -> None:
    """It was scraped before, for its counts of stable: without the candidate's series, which comes with a request."""
    store = Store().steady("envoy-1", -25, 100, meter=CONTOUR[1])
    store.scraped("envoy-1", (15, 7, 7), (25, 9, 7), meter=CONTOUR[0])
    assert routed(store, 30.0) == [Counts(7, 7, 1), Counts(2, 0, 1)]


def test_a_router_that_was_never_scraped_before_does_not() -> None:
    store = Store()
    for meter in CONTOUR:
        store.scraped("envoy-1", (15, 7000, 700), (25, 7002, 700), meter=meter)
    assert routed(store, 30.0) == [None, Counts(2, 0, 1)]


def test_a_router_that_forgot_a_series_counts_anew_when_it_comes_back() -> None:
    """A route that was taken away and came back: its counters went with it."""
    store = Store().steady("envoy-1", -25, 100, meter=CONTOUR[1])
    store.scraped("envoy-1", (-5, 5000, 0), (5, 5007, 0), (45, 5, 1), (55, 9, 2), meter=CONTOUR[0])
    assert routed(store, 60.0) == [None, None, None, Counts(5, 1, 1), Counts(4, 1, 1)]


def test_what_a_router_counts_is_left_out_until_a_pod_behind_it_is_old_enough() -> None:
    store = Store()
    for meter in CONTOUR:
        store.steady("envoy-1", -25, 100, meter=meter)
    starts = old("s1", c1=0.0, c2=40.0)
    found = routed(store, 60.0, warmup=20.0, starts=starts)
    assert [counts is not None for counts in found] == [False, False, True, True, True]


# --- readings


def test_a_reading_that_does_not_reach_back_far_enough_is_none() -> None:
    asked = question()
    assert closed(both().read(60.0, 60.0), asked, ZERO + 18) == ()
    assert [each.end - ZERO for each in closed(both().read(60.0, 80.0), asked, ZERO + 18)] == [28.0, 38.0, 48.0, 58.0]


def test_what_was_missed_for_very_long_is_given_up_for_what_a_short_reading_shows() -> None:
    """The longest readings may be too long for the store to answer, for as long as they are asked for."""
    store = Store().steady("c1", -25, 2000).steady("s1", -23, 2000)
    assert closed(store.read(1200.0, 60.0), question(), ZERO) == ()
    assert [each.end - ZERO for each in closed(store.read(1210.0, 60.0), question(), ZERO)] == [1198.0, 1208.0]


def test_what_no_reading_can_reach_is_lost_and_the_rest_counts() -> None:
    store = Store().steady("c1", -25, 2000).steady("s1", -23, 2000)
    ticks = counted(store, 1600.0)
    assert next(iter(ticks)) == 1048.0
    assert all(each.fresh for each in ticks.values())


def test_a_store_whose_clock_is_behind_closes_nothing_and_counts_nothing_twice() -> None:
    assert counted(both(), 20.0, since=58.0) == {}


# --- restarts: whenever somebody looks, the counts are the same


def looks(store: Store, moments: list[float], **changed: Any) -> list[Counted]:
    """What an operator counts that looks at those moments and remembers no more than its last tick."""
    found: list[Counted] = []
    since, carry = ZERO, Carry()
    for at in moments:
        window = min(at + ZERO - since + 4 * SCRAPE, 600.0)
        ticks = closed(store.read(at, window), question(**changed), since, carry)
        found.extend(ticks)
        if ticks:
            since, carry = ticks[-1].end, ticks[-1].carry
    return found


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    moments=st.sets(st.integers(0, 290), max_size=40),
    warmup=st.sampled_from([0.0, 60.0]),
)
def test_a_restart_at_any_tick_changes_no_count(seed: int, moments: set[int], warmup: float) -> None:
    store = troubled(Random(seed))
    asked = {"warmup": warmup, "starts": old("c1", "c2", "s1", c3=95.0, s2=90.0)}
    steady = looks(store, [float(at) for at in range(0, 300, 10)] + [340.0], **asked)
    assert looks(store, [*sorted(float(at) for at in moments), 340.0], **asked) == steady
