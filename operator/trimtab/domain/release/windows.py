"""Times of the week in which releases may start and move on (spec.windows)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from trimtab.api.schedule import Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 7


def unknown_zone(windows: Sequence[Window]) -> str:
    """The first time zone that nobody knows, or an empty text."""
    for window in windows:
        try:
            ZoneInfo(window.time_zone)
        except (KeyError, ValueError, OSError):  # not found, not a key, a directory
            return window.time_zone
    return ""


def is_open(windows: Sequence[Window], now: datetime) -> bool:
    """Whether releases may move now; always if there are no windows."""
    return not windows or any(begin <= now < end for window in windows for begin, end in _around(window, now))


def next_opening(windows: Sequence[Window], now: datetime) -> datetime | None:
    """When the next window opens, in UTC; None if none does within a week and a day."""
    openings = (begin for window in windows for begin, _ in _around(window, now) if begin > now)
    return min(openings, default=None)


def _around(window: Window, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The window's beginnings and ends in UTC from yesterday to this day of the next week."""
    zone = ZoneInfo(window.time_zone)
    days = _days(window.days)
    today = now.astimezone(zone).date()
    for offset in range(-1, _WEEK + 1):
        day = today + timedelta(days=offset)
        if day.weekday() in days:
            begin, end = _moment(day, window.from_, zone), _moment(day, window.to, zone)
            yield begin, end if end > begin else _moment(day + timedelta(days=1), window.to, zone)


def _moment(day: date, text: str, zone: ZoneInfo) -> datetime:
    """That time of day there, in UTC: local times are not compared, for they repeat and leap."""
    hour, minute = (int(part) for part in text.split(":"))
    if hour == 24:
        day, hour = day + timedelta(days=1), 0
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def _days(named: Sequence[str]) -> frozenset[int]:
    """The days that texts such as `Mon` and `Fri-Mon` name, as numbers from Monday = 0; all days without any."""
    if not named:
        return frozenset(range(_WEEK))
    found: set[int] = set()
    for text in named:
        first, _, last = text.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update((begin + offset) % _WEEK for offset in range((end - begin) % _WEEK + 1))
    return frozenset(found)
