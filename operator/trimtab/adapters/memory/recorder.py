"""A recorder that remembers."""

from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.domain.plan import Event


class MemoryRecorder:
    """See trimtab.ports.recorder."""

    def __init__(self) -> None:
        self.events: list[tuple[ObjectRef, Event]] = []

    def record(self, regarding: Object, event: Event) -> None:
        """See the port."""
        self.events.append((ref_of(regarding), event))
