"""Notifications of what became of a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell. `id` is the same for every repetition, so that receivers can tell them apart from news."""

    id: str
    namespace: str
    release: str
    event: str
    title: str
    text: str
    fields: Mapping[str, str]
    at: str


class NotifierError(Exception):
    """The notice was not taken. `permanent`: repeating will not help. The message holds no secret and no response.

    `retry_after`: seconds that the receiver asks us to wait, 0 if it does not say.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class Notifier(Protocol):
    """Delivers notices to channels; what a channel needs of secrets is read by reference at delivery."""

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """Sends one notice to one entry of spec.notify. Raises NotifierError."""
