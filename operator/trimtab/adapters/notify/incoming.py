"""Incoming webhooks of chats: a secret URL that takes one JSON message, in the form that each chat has its own of."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from trimtab.adapters.notify.sending import Sender
from trimtab.ports.notifier import Notice


class IncomingWebhook:
    """See trimtab.ports.notifier. The channel is `{secretRef}`; the Secret holds the webhook's URL."""

    def __init__(self, sender: Sender, message: Callable[[Notice], Mapping[str, Any]]) -> None:
        self._sender = sender
        self._message = message

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port."""
        url = await self._sender.secret(notice.namespace, channel["secretRef"], "url")
        await self._sender.post(url, json.dumps(self._message(notice)).encode(), {})
