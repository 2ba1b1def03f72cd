"""Counters: a request is seen only if it is certain, and standing still is known only if every pod says so."""

from trimtab.domain.release.counting.counters import Series, fresh, newest, seen_since, stood_still


def pod(*values: float, start: float = 100.0, step: float = 10.0, name: str = "a") -> Series:
    return Series(pod=name, samples=tuple((start + step * number, value) for number, value in enumerate(values)))


def test_an_increase_between_two_later_samples_is_a_request() -> None:
    assert seen_since([pod(5, 5, 6)], since=110)
    assert seen_since([pod(5, 5, 6), pod(1, 1, 1, name="b")], since=100)


def test_an_increase_that_may_be_older_is_none() -> None:
    assert not seen_since([pod(5, 6, 6)], since=105)
    assert not seen_since([pod(5, 6)], since=101)


def test_a_counter_that_was_reset_counts_what_came_after() -> None:
    assert seen_since([pod(50, 3, 3)], since=100)
    assert not seen_since([pod(50, 0, 0)], since=100)


def test_without_samples_nothing_is_known() -> None:
    assert not seen_since([], since=0)
    assert not seen_since([Series(pod="a", samples=())], since=0)
    assert stood_still([], 0, {"a"}) is None
    assert newest([Series(pod="a", samples=())]) is None
    assert not fresh([], 0)


def test_a_first_sample_alone_tells_no_request() -> None:
    """What is in it may be older than `since`: the pod may have been there all along."""
    assert not seen_since([pod(7, start=120)], since=110)


def test_standing_still_takes_three_equal_samples_of_every_pod() -> None:
    assert stood_still([pod(5, 5, 5)], 100, {"a"}) is True
    assert stood_still([pod(5, 5, 5), pod(7, 7, 7, name="b")], 100, {"a", "b"}) is True
    assert stood_still([pod(5, 5)], 100, {"a"}) is None
    assert stood_still([pod(5, 5, 5)], 101, {"a"}) is None


def test_a_pod_without_a_series_makes_it_unknown() -> None:
    assert stood_still([pod(5, 5, 5)], 100, {"a", "b"}) is None


def test_one_request_to_one_pod_is_movement() -> None:
    assert stood_still([pod(5, 5, 6), pod(7, 7, 7, name="b")], 100, {"a", "b"}) is False
    assert stood_still([pod(5, 6)], 100, {"a", "b"}) is False


def test_movement_longer_ago_than_two_scrapes_does_not_count() -> None:
    assert stood_still([pod(4, 5, 5, 5)], 100, {"a"}) is True


def test_pods_that_are_gone_do_not_matter() -> None:
    assert stood_still([pod(5, 5, 5), pod(1, 2, 3, name="gone")], 100, {"a"}) is True


def test_no_pods_tell_nothing() -> None:
    assert stood_still([pod(5, 5, 5)], 100, set()) is None


def test_fresh_is_one_sample_later_than_asked() -> None:
    assert fresh([pod(1, 1)], since=109)
    assert not fresh([pod(1, 1)], since=110)
    assert newest([pod(1), pod(1, start=150, name="b")]) == 150
