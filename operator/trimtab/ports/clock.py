"""Time as an argument: the domain never asks for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time, for humans and for what is recorded."""

    def now(self) -> datetime:
        """The current UTC time, whole seconds, as Kubernetes timestamps have it."""
