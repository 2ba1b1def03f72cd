"""Kubernetes Events about our resources."""

from typing import Protocol

from trimtab.domain.objects import Object
from trimtab.domain.plan import Event


class Recorder(Protocol):
    """Publishes Events under a budget of its own, so that they never delay a reconcile."""

    def record(self, regarding: Object, event: Event) -> None:
        """Queues the Event; repeated ones are aggregated into a series. Never blocks, never raises."""
