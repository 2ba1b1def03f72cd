"""Secrets, read one by one by name. Nothing lists or watches Secrets, and no content is kept."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import SECRET
from trimtab.domain.objects import Object, uid_of
from trimtab.ports.cluster import DeniedError, NotFoundError

LIFE = 480.0
"""Seconds after which a Secret that is still referred to is read again; jittered by 20 % to below.

It is the shortest time between two resyncs by default (10 minutes less 20 %): with a longer life, a resync could come
just too early, and a rotation be noticed only by the next one.
"""

MISSING_LIFE = 4.0
"""The same for a Secret that does not exist: shorter than the 5 s after which whoever waits for it looks again."""

DENIED_LIFE = 60.0
"""The same for a Secret that we may not read."""

SHORTEST = 4
"""Characters of the shortest value that messages are cleared of."""


@dataclass(slots=True)
class _Entry:
    digest: str | None
    until: float
    denied: str = ""


class KubernetesSecretDigests:
    """See trimtab.ports.secrets."""

    def __init__(
        self,
        client: ApiClient,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._clock = clock
        self._draw = draw
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._reading: dict[tuple[str, str], asyncio.Task[str | None]] = {}

    async def digest(self, namespace: str, name: str) -> str | None:
        """See the port. Callers that ask at the same time share one GET."""
        key = (namespace, name)
        entry = self._entries.get(key)
        if entry is not None and self._clock() < entry.until:
            if entry.denied:
                raise DeniedError(entry.denied)
            return entry.digest
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(namespace, name))
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(reading)

    def expire(self, namespace: str, name: str) -> None:
        """See the port."""
        self._entries.pop((namespace, name), None)

    async def _read(self, namespace: str, name: str) -> str | None:
        now = self._clock()
        try:
            secret = await self._client.read(SECRET, SECRET.path(namespace, name))
        except NotFoundError:
            self._entries[namespace, name] = _Entry(None, now + MISSING_LIFE)
            return None
        except DeniedError as error:
            self._entries[namespace, name] = _Entry(None, now + DENIED_LIFE, str(error))
            raise
        digest = content_digest(secret)
        self._entries[namespace, name] = _Entry(digest, now + LIFE * (1.0 - 0.2 * self._draw()))
        self._evict(now)
        return digest

    def _evict(self, now: float) -> None:
        """Forgets Secrets that nobody has asked for since two lives."""
        if len(self._entries) % 256 == 0:
            self._entries = {key: entry for key, entry in self._entries.items() if entry.until + 2 * LIFE > now}


class KubernetesSecretContents:
    """See trimtab.ports.secrets."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    async def content(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """See the port."""
        try:
            secret = await self._client.read(SECRET, SECRET.path(namespace, name))
        except NotFoundError:
            return None
        return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def content_digest(secret: Object) -> str:
    """HMAC-SHA256 of the canonical content under the Secret's own UID, as hex.

    The digest ends up in an annotation that more people can read than the Secret. The UID as key makes it useless for
    comparing Secrets with each other, and unusable for trying passwords to whoever cannot read the Secret's metadata.
    """
    content = json.dumps(secret.get("data") or {}, sort_keys=True, separators=(",", ":"))
    return hmac.new(uid_of(secret).encode(), content.encode(), hashlib.sha256).hexdigest()


def without_values(message: str, secret: Object) -> str:
    """A message about a Secret without any value of that: whoever refuses an object may quote it.

    What is shorter than any secret stays, for without it the message could not be read.
    """
    for encoded in sorted((secret.get("data") or {}).values(), key=len, reverse=True):
        plain = base64.b64decode(encoded).decode(errors="replace")
        for value in (encoded, plain):
            if len(value) >= SHORTEST:
                message = message.replace(value, "***")
    return message
