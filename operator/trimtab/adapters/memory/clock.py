"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta


class MemoryClock:
    """See trimtab.ports.clock."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """See the port."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += timedelta(seconds=seconds)
