"""The clock port on the machine's clocks."""

from datetime import UTC, datetime


class SystemClock:
    """See trimtab.ports.clock."""

    def now(self) -> datetime:
        """See the port."""
        return datetime.now(UTC).replace(microsecond=0)
