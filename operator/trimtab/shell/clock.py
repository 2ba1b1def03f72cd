"""The clock port on the machine's clocks."""

from datetime import UTC, datetime

from trimtab.adapters.kubernetes.leadership import boot_time


class SystemClock:
    """See trimtab.ports.clock."""

    def now(self) -> datetime:
        """See the port."""
        return datetime.now(UTC).replace(microsecond=0)

    def elapsed(self) -> float:
        """See the port."""
        return boot_time()
