"""Leadership that a test hands out and takes away."""

from collections.abc import Callable


class MemoryLease:
    """See trimtab.ports.lease. Leads until `until` on the given clock."""

    def __init__(self, clock: Callable[[], float], until: float = float("inf")) -> None:
        self._clock = clock
        self.until = until

    def remaining(self) -> float:
        """See the port."""
        return max(0.0, self.until - self._clock())
