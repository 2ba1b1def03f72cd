"""Time as an argument: the domain never asks for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for humans, elapsed time for deadlines."""

    def now(self) -> datetime:
        """The current UTC time, whole seconds, as Kubernetes timestamps have it."""

    def elapsed(self) -> float:
        """Seconds on a clock that never jumps and counts suspension (CLOCK_BOOTTIME)."""
