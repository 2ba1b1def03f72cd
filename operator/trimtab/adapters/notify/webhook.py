"""Any receiver of JSON, signed as Standard Webhooks has it if there is a key.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from trimtab.adapters.notify.sending import Sender
from trimtab.ports.notifier import Notice, NotifierError

KEY_PREFIX = "whsec_"


class Webhook:
    """See trimtab.ports.notifier. The channel is `{url, secretRef?}`; the Secret holds the signing key."""

    def __init__(self, sender: Sender, *, now: Callable[[], float] = time.time) -> None:
        self._sender = sender
        self._now = now

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port. A repetition carries the same `Idempotency-Key`, which is the notice's id."""
        body = json.dumps(asdict(notice), separators=(",", ":")).encode()
        headers = {"Idempotency-Key": notice.id}
        if reference := channel.get("secretRef"):
            key = await self._sender.secret(notice.namespace, reference, "key")
            headers |= signature(_key(key), notice.id, int(self._now()), body)
        await self._sender.post(channel["url"], body, headers)


def signature(key: bytes, notice_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sent `body`, and when: HMAC-SHA256 of id, time and body."""
    digest = hmac.new(key, f"{notice_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(text: str) -> bytes:
    """`whsec_` and base64, as the libraries of receivers make keys; anything else is the key itself."""
    if not text.startswith(KEY_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except binascii.Error:
        raise NotifierError(f"the signing key is not base64 after {KEY_PREFIX!r}") from None
