"""A fight about a setting is found out, and rare changes are none."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.domain.binding.protocol.drift import LIMIT, Drift, is_conflict, met, recorded, remembered

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = Drift(key="queue", setting="delay", wanted="0", found="5")


def series(*minutes: int) -> Drift | None:
    """Changed back at these minutes."""
    entry: Drift | None = None
    for minute in minutes:
        at = NOW + timedelta(minutes=minute)
        if not is_conflict(entry, at):
            entry = met(FOUND, entry, at, remedied=True)
    return entry


@pytest.mark.parametrize(
    ("minutes", "fought"),
    [((0,), False), (tuple(range(LIMIT - 1)), False), (tuple(range(LIMIT)), True), ((0, 20, 40, 60, 80, 100), False)],
)
def test_five_times_within_an_hour_is_a_fight(minutes: tuple[int, ...], fought: bool) -> None:
    assert is_conflict(series(*minutes), NOW + timedelta(minutes=minutes[-1] + 1)) is fought


def test_a_fight_is_not_over_by_time_alone() -> None:
    assert is_conflict(series(*range(LIMIT)), NOW + timedelta(days=3))


def test_what_is_only_told_of_is_no_fight() -> None:
    entry = None
    for minute in range(20):
        entry = met(FOUND, entry, NOW + timedelta(minutes=minute), remedied=False)
    assert entry is not None
    assert (entry.count, entry.first, entry.last) == (0, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")


def test_entries_survive_the_status() -> None:
    entry = series(0, 1)
    assert entry is not None
    assert recorded({"drift": [entry.to_status()]}) == {("queue", "delay"): entry}


def test_a_series_is_remembered_for_an_hour() -> None:
    entry = series(0)
    assert entry is not None
    assert remembered([entry], NOW + timedelta(minutes=59)) == [entry]
    assert remembered([entry], NOW + timedelta(minutes=61)) == []
