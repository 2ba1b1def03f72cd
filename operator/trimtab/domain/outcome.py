"""How a reconcile ended, in the terms of the work queue.

Anything that is not an Outcome is an exception, and therefore transient: the queue backs off and tries again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Nothing is left to do until something changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something outside must happen first. `after` seconds is when to look again even if no event comes."""

    after: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalled:
    """Only the user can mend it; looked at again when the resource changes or at the periodic resync."""

    reason: str


Outcome = Done | Waiting | Stalled
