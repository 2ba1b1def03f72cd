"""Gates that say what a test says."""

from collections.abc import Mapping
from typing import Any

from trimtab.domain.release.observation import Answer


class MemoryGates:
    """See trimtab.ports.gates. `asked` holds each question with its address."""

    def __init__(self) -> None:
        self.open = True
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def ask(self, url: str, question: Mapping[str, Any], *, seconds: float = 5.0) -> Answer:
        """See the port."""
        self.asked.append((url, question))
        return Answer(open=self.open, message=f"answered {200 if self.open else 503}")
