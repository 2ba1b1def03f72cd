"""The Secrets of the API server in memory."""

import base64
import json
from collections.abc import Mapping

from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain.objects import ObjectRef


class MemorySecretDigests:
    """See trimtab.ports.secrets. Every question is a live read."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self.reads = 0

    async def digest(self, namespace: str, name: str) -> str | None:
        """See the port."""
        self.reads += 1
        secret = self._server.get(ObjectRef(api_version="v1", kind="Secret", namespace=namespace, name=name))
        return None if secret is None else f"digest-of-{json.dumps(secret.get('data', {}), sort_keys=True)}"

    def expire(self, namespace: str, name: str) -> None:
        """See the port: there is nothing to expire."""


class MemorySecretContents:
    """See trimtab.ports.secrets."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    async def content(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """See the port."""
        secret = self._server.get(ObjectRef(api_version="v1", kind="Secret", namespace=namespace, name=name))
        return None if secret is None else {key: base64.b64decode(value) for key, value in secret["data"].items()}
