"""Gates that are webhooks."""

import json
from collections.abc import Mapping
from typing import Any

from trimtab.adapters.egress.allowlist import RefusedError
from trimtab.adapters.egress.client import EgressClient, UnreachableError
from trimtab.domain.release.observation import Answer

HEADERS = {"Content-Type": "application/json"}


class WebhookGates:
    """See trimtab.ports.gates."""

    def __init__(self, egress: EgressClient) -> None:
        self._egress = egress

    async def ask(self, url: str, question: Mapping[str, Any], *, seconds: float = 5.0) -> Answer:
        """See the port."""
        body = json.dumps(question, separators=(",", ":")).encode()
        try:
            reply = await self._egress.post(url, body, HEADERS, seconds=seconds)
        except (RefusedError, UnreachableError) as error:
            return Answer(open=False, message=str(error))
        return Answer(open=reply.accepted, message=f"{reply.host} answered {reply.status}")
