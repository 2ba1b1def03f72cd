"""As whom the current thread calls AWS.

All roles share one client for each service and region: over https each client has a store of authorities of its own,
0.7 MB that take 50 ms to read, so that one for each namespace would cost more than all else that we do. It signs each
request as whoever its thread acts as; a request for nobody cannot be signed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from trimtab.adapters.aws.lanes import Lane
from trimtab.adapters.aws.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whom a call is for: its role, the role's credentials (botocore's), and the lane in which it is made."""

    role: Role
    lane: Lane
    credentials: Any = field(repr=False)


class Stage:
    """Knows the actor of each thread, and is botocore's credentials of whoever that is."""

    method = "assume-role"

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """All calls of this thread are the actor's meanwhile."""
        self._thread.actor = actor
        try:
            yield
        finally:
            del self._thread.actor

    @property
    def actor(self) -> Actor:
        """Whom this thread acts as. Raises RuntimeError if nobody."""
        try:
            actor: Actor = self._thread.actor
        except AttributeError:
            raise RuntimeError("a call of AWS for nobody") from None
        return actor

    def get_frozen_credentials(self) -> Any:
        """See botocore.credentials.Credentials."""
        return self.actor.credentials.get_frozen_credentials()

    def get_deferred_property(self, _name: str) -> Callable[[], None]:
        """See botocore.credentials.Credentials. The account is in no host name."""
        return lambda: None
