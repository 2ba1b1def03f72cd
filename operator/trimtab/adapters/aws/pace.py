"""How fast one service of one account and region is called, so that we never use up what all its users share."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

RECOVERY = 60.0
"""Seconds without a throttled answer after which the full rate holds again."""

EPSILON = 1e-6
"""Tokens that rounding may swallow: nobody waits for them."""

SLOWEST = 1 / 16
"""The part of the full rate that always remains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests per second for each account, region and service."""

    reads: float = 20.0
    writes: float = 10.0


class Bucket:
    """A token bucket that may owe: what a call takes beyond the first token delays the calls after it.

    So nothing waits in the middle of what it does. It holds the tokens of one second. Every throttled answer halves the
    rate, at most once a second; it grows back within RECOVERY. `now` is a clock in seconds that never jumps. May be
    used from any thread.
    """

    def __init__(self, rate: float, now: Callable[[], float]) -> None:
        self._full = rate
        self._now = now
        self._lock = threading.Lock()
        self._tokens = max(rate, 1.0)
        self._filled = now()
        self._slowed = float("-inf")
        self._part = 1.0

    @property
    def rate(self) -> float:
        """Tokens per second at the moment."""
        since = max(self._now() - self._slowed, 0.0)
        return self._full * min(1.0, self._part + (1.0 - self._part) * since / RECOVERY)

    def wait(self) -> float:
        """Seconds until there is a token; 0 if there is one."""
        with self._lock:
            self._fill()
            return 0.0 if self._tokens >= 1.0 - EPSILON else (1.0 - self._tokens) / self.rate

    def take(self) -> None:
        """One token, if need be on credit."""
        with self._lock:
            self._fill()
            self._tokens -= 1.0

    def give(self) -> None:
        """A token that was not used."""
        with self._lock:
            self._tokens += 1.0

    def slow(self) -> None:
        """AWS said that we are too fast."""
        with self._lock:
            self._fill()
            if self._now() - self._slowed >= 1.0:
                self._part = max(self.rate / self._full / 2, SLOWEST)
                self._slowed = self._now()
            self._tokens = min(self._tokens, 0.0)

    def _fill(self) -> None:
        now = self._now()
        self._tokens = min(max(self._full, 1.0), self._tokens + (now - self._filled) * self.rate)
        self._filled = now
