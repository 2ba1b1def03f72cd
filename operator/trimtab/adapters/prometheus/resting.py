"""Questions that are not asked for a while, since their answers were too much."""

import math
from collections.abc import Callable

from trimtab.adapters.prometheus.questions import Key

PATIENCE = 600.0
"""Seconds for which such a question rests; its series may have become fewer then."""


class Resting:
    """What rests, and why. `now` gives the time in seconds, of a clock that never jumps."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._resting: dict[Key, tuple[float, float, str]] = {}

    def rest(self, key: Key, window: float, why: str) -> None:
        """From now on for this many seconds of samples and for more; fewer may do."""
        now = self._now()
        self._resting = {each: kept for each, kept in self._resting.items() if kept[1] > now}
        self._resting[key] = window, now + PATIENCE, why

    def why(self, key: Key, window: float) -> str | None:
        """The reason not to ask for so many seconds of samples; None if it may be asked."""
        since, until, why = self._resting.get(key, (math.inf, 0.0, ""))
        return why if window >= since and self._now() < until else None
