"""kopf as a watcher that writes nothing: every setting that differs from its default, and why."""

import random
from collections.abc import Iterator
from typing import Any

import kopf

from trimtab.adapters.kubernetes.kinds import LEASE, WATCHED, selector_of

BACKOFFS = (0.5, 1.0, 2.0, 4.0)


class JitteredBackoffs:
    """kopf's waits between attempts of one request, drawn anew each time, so that replicas do not knock in step."""

    def __len__(self) -> int:
        return len(BACKOFFS)

    def __iter__(self) -> Iterator[float]:
        return (delay * random.uniform(0.5, 1.5) for delay in BACKOFFS)  # noqa: S311 - no secret depends on it


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers no last-handled state: saves a deep copy per event, and an annotation."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing to compare."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing is stored."""
        return None

    def store(self, **_: Any) -> None:
        """Stores nothing."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no handler progress: handlers of events have none."""

    def fetch(self, **_: Any) -> None:
        """Nothing is stored."""

    def store(self, **_: Any) -> None:
        """Stores nothing."""

    def purge(self, **_: Any) -> None:
        """Nothing to purge."""

    def touch(self, **_: Any) -> None:
        """Touches nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Leaves the essence as it is."""
        return essence


def configure_kopf(settings: kopf.OperatorSettings, *, namespaced: bool, lease_name: str) -> None:
    """Changes kopf's settings in place."""
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.persistence.finalizer = "trimtab.dev/kopf"  # never used: there is no handler that needs one
    settings.posting.enabled = False  # Events come from our own recorder
    settings.peering.standalone = True  # a Lease elects the leader
    settings.scanning.disabled = namespaced  # a Role cannot see namespaces and CRDs
    settings.watching.server_timeout = 600
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 0.2  # the default keeps two tasks per object for 5 s
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = JitteredBackoffs()
    settings.networking.enforce_retry_after = True
    settings.process.ultimate_exiting_timeout = 60
    settings.execution.max_workers = 2  # there are no synchronous handlers
    for kind in WATCHED:
        if selector := selector_of(kind):
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = selector
    settings.watching.field_selectors[LEASE.group, LEASE.version, LEASE.plural] = f"metadata.name={lease_name}"
