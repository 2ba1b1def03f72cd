"""Gates: somebody else's consent to the next move of a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a gate said. `message` is ours, never the body of the response (faults.md, SSRF)."""

    open: bool
    message: str


class Gates(Protocol):
    """Asks webhooks whose hosts the operator's administrator allows."""

    async def ask(self, url: str, question: Mapping[str, Any]) -> Answer:
        """One POST of `question` as JSON; open on 2xx. Never raises: what goes wrong is a closed gate that says why."""
