"""Gates: somebody else's consent to the next move of a release."""

from collections.abc import Mapping
from typing import Any, Protocol

from trimtab.domain.release.observation import Answer


class Gates(Protocol):
    """Asks webhooks whose hosts the operator's administrator allows."""

    async def ask(self, url: str, question: Mapping[str, Any], *, seconds: float = 5.0) -> Answer:
        """One POST of `question` as JSON, answered within `seconds`; open on 2xx.

        Never raises: what goes wrong is a closed gate that says why.
        """
