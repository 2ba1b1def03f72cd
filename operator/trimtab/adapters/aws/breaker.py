"""A circuit breaker: a service that fails is left alone for a while, then tried by one call."""

from collections.abc import Callable

from trimtab.ports.cloud import CircuitOpenError

FAILURES = 5
"""Failures in a row after which nothing is sent."""

REST = 30.0
"""Seconds until one call is tried."""


class Breaker:
    """Counts failures in a row. `now` is a clock in seconds that never jumps. For one thread (the event loop's)."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self._name = name
        self._now = now
        self._failures = 0
        self._opened = 0.0
        self._trying = False

    @property
    def open(self) -> bool:
        """Whether the service is left alone."""
        return self._failures >= FAILURES

    def check(self) -> None:
        """Raises CircuitOpenError if no call is let through now."""
        left = self._opened + REST - self._now()
        if self.open and (left > 0 or self._trying):
            raise CircuitOpenError(f"not sent: {self._name} failed {self._failures} times", retry_after=max(left, 1.0))

    def admit(self) -> None:
        """Before a call; `settle` must follow. Raises CircuitOpenError."""
        self.check()
        self._trying = self.open

    def settle(self, failed: bool | None) -> None:
        """After a call: whether it failed for the service's fault; None if that did not show."""
        self._trying = False
        if failed is None:
            return
        self._failures = self._failures + 1 if failed else 0
        if failed:
            self._opened = self._now()
