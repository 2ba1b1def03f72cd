"""Leadership, as the writers of the cluster adapter see it."""

from typing import Protocol


class Lease(Protocol):
    """Answers how long this process may still write."""

    def remaining(self) -> float:
        """Seconds until another process may lead, 0 if this one does not. Read just before each send."""
