"""Identities of the channels in spec.notify, so that status can say which of them have not taken a notice yet."""

from collections.abc import Mapping
from typing import Any

from trimtab.domain import names

KINDS = ("slack", "teams", "webhook", "sns", "eventBridge")
"""The members of the union."""


def channel_kind(channel: Mapping[str, Any]) -> str:
    """The member of the union that an entry of spec.notify sets, such as `slack`; empty if it sets none."""
    return next((kind for kind in KINDS if channel.get(kind) is not None), "")


def channel_key(channel: Mapping[str, Any]) -> str:
    """Its kind and a digest of its member: a changed address is another channel, a changed place in the list is not."""
    kind = channel_kind(channel)
    return f"{kind}-{names.digest(names.canonical(channel.get(kind)))}"
