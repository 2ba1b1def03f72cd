"""What makes the operator alive and ready: the checks behind the probes, and the gauges beside them."""

import time
from collections.abc import Callable

from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE
from trimtab.adapters.kubernetes.leadership import boot_time
from trimtab.shell.composition import Deps
from trimtab.shell.health import Check, LoopLag
from trimtab.shell.metrics import LEADER, RELEASES_SERVED, WATCH_AGE

MAX_LAG = 10.0
MAX_LEASE_GAP = 60.0
"""Seconds by which the watch on the Lease may lag behind the elector, which reads the Lease every 2 s by itself."""

MAX_WATCH_AGE = 750.0
"""kopf reopens every watch after at most 600 s; one that was not is dead."""

MAX_QUEUE_AGE = 600.0


def liveness(deps: Deps, lag: LoopLag, *, watch_lease: bool) -> dict[str, Check]:
    """Checks whose failure only a restart cures."""
    checks = {
        "event loop": lambda: _above(lag.worst, MAX_LAG, "timers are late by"),
        "watches": lambda: _above(max(deps.observer.ages().values(), default=0.0), MAX_WATCH_AGE, "no sign of one for"),
        "queue": lambda: _above(deps.queue.oldest_wait(), MAX_QUEUE_AGE, "a key waits for a worker for"),
    }
    if watch_lease:
        checks["lease watch"] = lambda: _above(lease_gap(deps), MAX_LEASE_GAP, "a change was not seen for")
    return checks


def readiness(deps: Deps) -> dict[str, Check]:
    """A standby is ready, too: its caches are primed, and it can take over at once."""
    return {"caches": lambda: None if deps.primed.is_set() else "not primed yet"}


def lease_gap(deps: Deps) -> float:
    """Seconds from the last watch event about the Lease to its last known change.

    Neither grows while the API server is away, which no restart of ours would cure.
    """
    changed, beat = deps.leadership.changed_at, deps.intake.heartbeat
    if changed is None or beat is None:
        return 0.0
    unseen_since = boot_time() - changed
    return max(0.0, (time.monotonic() - beat) - unseen_since)


def measure(deps: Deps) -> Callable[[], None]:
    """Brings gauges up to date before they are scraped."""

    def refresh() -> None:
        deps.queue.measure()
        LEADER.labels(deps.settings.lease_name).set(1 if deps.leadership.leading else 0)
        RELEASES_SERVED.set(deps.cluster.serves(CANARY_RELEASE.api_version, CANARY_RELEASE.kind))
        for (kind, _), age in deps.observer.ages().items():
            WATCH_AGE.labels(kind).set(age)

    return refresh


def _above(value: float, limit: float, what: str) -> str | None:
    return f"{what} {value:.0f} s (limit {limit:.0f} s)" if value > limit else None
