"""A notifier that remembers, and refuses for as long as it is told to."""

from collections.abc import Mapping
from typing import Any

from trimtab.ports.notifier import Notice, NotifierError


class MemoryNotifier:
    """See trimtab.ports.notifier. While `problem` is set nothing is taken."""

    def __init__(self) -> None:
        self.delivered: list[tuple[Notice, Mapping[str, Any]]] = []
        self.problem: NotifierError | None = None

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port."""
        if self.problem is not None:
            raise self.problem
        self.delivered.append((notice, channel))
