"""One notifier for all kinds of channels: it hands each to the notifier of its kind."""

from collections.abc import Mapping
from typing import Any

from trimtab.domain.release.channels import channel_kind
from trimtab.ports.notifier import Notice, Notifier, NotifierError


class Channels:
    """See trimtab.ports.notifier. `kinds` maps a member of an entry of spec.notify to its notifier."""

    def __init__(self, kinds: Mapping[str, Notifier]) -> None:
        self._kinds = kinds

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port."""
        kind = channel_kind(channel)
        notifier = self._kinds.get(kind)
        if notifier is None:
            raise NotifierError(f"this operator knows no channel of the kind {kind!r}", permanent=True)
        await notifier.deliver(notice, channel[kind])
