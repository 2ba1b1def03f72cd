"""What the adapter needs to know of one kind of resource: which calls a verb of the port is."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from trimtab.domain.binding.resource import Change, Live, Resource


class Calls(Protocol):
    """Runs in a thread: calls block. Errors of boto3 are passed on; `errors.py` knows what they mean.

    `client` is boto3's client of `service`, already under the right role, pace and circuit breaker.
    """

    service: str
    """boto3's name of the service, such as `sqs`."""

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """See the port. `arn` is empty unless a resource is to be adopted. `known` may spare calls, and need not."""

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """See the port."""

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """See the port."""

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """See the port."""

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """See the port."""

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """See the port."""
