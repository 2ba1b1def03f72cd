"""Secrets as the reconcilers may know them: whether they exist, and whether their content changed."""

from collections.abc import Mapping
from typing import Protocol


class SecretDigests(Protocol):
    """Digests of Secrets that a user's resource refers to by name. The content never leaves the adapter."""

    async def digest(self, namespace: str, name: str) -> str | None:
        """A digest of the Secret's content, None if it does not exist. Raises ClusterError if it cannot be read.

        Answered from memory while fresh: 8 minutes (jittered) for a Secret that exists, 4 seconds for a missing one;
        otherwise one GET (denied: at most one a minute). The digest is keyed, so that the content cannot be found by
        trial from the digest.
        """

    def expire(self, namespace: str, name: str) -> None:
        """Makes the next question a live read."""


class SecretContents(Protocol):
    """Contents of Secrets, for adapters that hand them on to whom they are meant for. No reconciler uses it."""

    async def content(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The decoded data by one live GET, None if there is no such Secret. Raises ClusterError. Nothing is kept."""
