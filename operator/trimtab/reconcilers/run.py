"""One run of a reconciler over one key, and what a worker wants to know about it afterwards."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from trimtab.domain.outcome import Outcome
from trimtab.reconcilers.queue import Key


@dataclass(slots=True)
class Run:
    """Filled in by the reconciler while it runs, so that the log line is complete even when it ends in an exception.

    `writes` counts requests that were sent to change something; `generation` is that of the resource, None if gone;
    `reason` is that of the condition Ready, as reported.
    """

    key: Key
    trace: str = field(default_factory=lambda: secrets.token_hex(8))
    generation: int | None = None
    writes: int = 0
    reason: str = ""
    gone: bool = False


Reconcile = Callable[[Run], Awaitable[Outcome]]
"""Brings one resource to its declared state. Anything raised means: transient, try again."""
