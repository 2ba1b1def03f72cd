"""What the HTTP channels share: reading the Secret of a channel, and judging what was answered."""

from collections.abc import Mapping
from typing import Any

from trimtab.adapters.egress.allowlist import RefusedError
from trimtab.adapters.egress.client import EgressClient, UnreachableError
from trimtab.ports.cluster import ClusterError
from trimtab.ports.notifier import NotifierError
from trimtab.ports.secrets import SecretContents

MENDABLE = frozenset({401, 403, 407, 408, 409, 423, 425, 429})
"""Answers of 4xx after which the same request may be taken later: credentials come back, limits pass."""


class Sender:
    """Sends for the channels; raises NotifierError and nothing else."""

    def __init__(self, egress: EgressClient, secrets: SecretContents) -> None:
        self._egress = egress
        self._secrets = secrets

    async def secret(self, namespace: str, reference: Mapping[str, Any], default_key: str) -> str:
        """What `reference` ({name, key}) leads to, without surrounding blanks. A missing Secret may still come."""
        name, key = reference["name"], reference.get("key") or default_key
        try:
            content = await self._secrets.content(namespace, name)
        except ClusterError:
            raise NotifierError(f"Secret {name!r} cannot be read") from None
        if content is None:
            raise NotifierError(f"there is no Secret {name!r}")
        try:
            value = content.get(key, b"").decode().strip()
        except UnicodeDecodeError:
            raise NotifierError(f"key {key!r} of Secret {name!r} is not text") from None
        if not value:
            raise NotifierError(f"Secret {name!r} has no key {key!r}")
        return value

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Delivers, or raises a NotifierError that says whether repeating makes sense."""
        try:
            reply = await self._egress.post(url, body, {"Content-Type": "application/json", **headers})
        except RefusedError as error:
            raise NotifierError(str(error), permanent=True) from None
        except UnreachableError as error:
            raise NotifierError(str(error)) from None
        if not reply.accepted:
            permanent = 300 <= reply.status < 500 and reply.status not in MENDABLE
            raise NotifierError(
                f"{reply.host} answered {reply.status}", permanent=permanent, retry_after=reply.retry_after
            )
