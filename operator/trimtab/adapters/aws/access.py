"""Calls under a Grant: the one way to AWS for all that bindings need."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from trimtab.adapters.aws import clients
from trimtab.adapters.aws.acting import Actor, Stage
from trimtab.adapters.aws.codes import EXPIRED
from trimtab.adapters.aws.errors import code_of, translate
from trimtab.adapters.aws.lanes import ABREAST, Lane, Lanes
from trimtab.adapters.aws.pace import Rates
from trimtab.adapters.aws.roles import AssumedRoles, Role
from trimtab.adapters.aws.threads import Threads
from trimtab.adapters.aws.wire import Wire, fence
from trimtab.domain.binding.grant import Grant
from trimtab.ports.lease import Lease

THREADS = 2 * ABREAST

T = TypeVar("T")


class AwsAccess:
    """Runs calls in threads, under the role of their grant, at the pace that AWS allows, and only while we lead."""

    def __init__(
        self,
        lease: Lease,
        *,
        rates: Rates | None = None,
        lanes: Lanes | None = None,
        make: Callable[..., Any] = clients.make,
    ) -> None:
        self._lease = lease
        self._make = make
        self._lanes = lanes or Lanes(rates or Rates())
        self._threads = Threads(THREADS, "aws-bindings")
        self._stage = Stage()
        self._roles = AssumedRoles(lambda region: self._client("sts", region))
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    async def call(self, grant: Grant, service: str, function: Callable[[Any], T], *, write: bool) -> T:
        """What `function` makes of a client of `service`, by boto3's name. Raises CloudError.

        `write` says at which pace it begins; each request is counted, and each that changes something is fenced. The
        client is shared: it must not leave `function`, nor the thread.
        """
        lane = self._lanes.of(grant.account, grant.region, service)
        if write:
            fence(self._lease)
        async with lane.turn(write=write):
            return await self._threads.run(lambda: self._run(grant, service, lane, function))

    def close(self) -> None:
        """Begins no further call."""
        self._threads.close()

    def _run(self, grant: Grant, service: str, lane: Lane, function: Callable[[Any], T]) -> T:
        role, region = Role.of(grant), grant.region
        try:
            actor = Actor(role=role, lane=lane, credentials=self._roles.credentials(role, region))
            with self._stage.acting(actor):
                return function(self._client(service, region))
        except Exception as error:
            if code_of(error) in EXPIRED:
                self._roles.forget(role)
            if (known := translate(error, service)) is None:
                raise
            raise known from None

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                identity = None if service == "sts" else self._stage  # None: the operator's own
                made = self._make(service, region, credentials=identity, connections=THREADS)
                Wire(service, region, self._stage, self._lease).attach(made)
                self._clients[service, region] = made
            return self._clients[service, region]
