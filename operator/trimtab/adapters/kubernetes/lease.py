"""Leader election on a coordination.k8s.io Lease, with client-go's algorithm and figures.

Other processes' clocks are never compared with ours: a lease counts as expired once its record has not changed for its
whole duration as measured here (https://pkg.go.dev/k8s.io/client-go/tools/leaderelection). Durations are measured on
CLOCK_BOOTTIME, which goes on while the machine sleeps.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from trimtab.domain.objects import Object
from trimtab.ports.cluster import ClusterError, ConflictError, NotFoundError

logger = logging.getLogger("trimtab.lease")

DURATION = 15.0
RENEW_DEADLINE = 10.0
RETRY = 2.0


class LeaseStore(Protocol):
    """The Lease object. Errors are ClusterErrors; `write` fails with ConflictError if the object has changed."""

    async def read(self) -> Object | None:
        """The Lease, None if it does not exist."""

    async def write(self, spec: dict[str, Any], previous: Object | None) -> Object:
        """Creates the Lease, or updates `previous` under its resourceVersion."""


@dataclass(slots=True)
class _Observed:
    lease: Object
    at: float


class Elector:
    """Acquires, renews and releases one Lease. `remaining` may be called from any thread."""

    def __init__(
        self,
        store: LeaseStore,
        identity: str,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._identity = identity
        self._clock = clock
        self._now = now
        self._draw = draw
        self._observed: _Observed | None = None
        self._renewed = float("-inf")
        self._held = False

    def remaining(self) -> float:
        """Seconds until another process may lead; 0 if this one does not."""
        if not self._held:
            return 0.0
        return max(0.0, self._renewed + DURATION - self._clock())

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease as far as it knows."""
        return self._held

    @property
    def changed_at(self) -> float:
        """When (on the clock) the Lease was last seen to change, whoever changed it."""
        return self._observed.at if self._observed else self._clock()

    async def acquire(self) -> None:
        """Returns once this process leads."""
        told = ""
        while not await self._try():
            if self._other_holds() and self._holder != told:
                told = self._holder
                logger.info("standing by while %s leads", told)
            await asyncio.sleep(RETRY * (1.0 + 0.2 * self._draw()))
        logger.info("leading as %s", self._identity)

    async def hold(self) -> None:
        """Renews for as long as that works; returns once the lease must be considered lost."""
        while self._clock() - self._renewed < RENEW_DEADLINE:
            await asyncio.sleep(min(RETRY, max(0.0, self._renewed + RENEW_DEADLINE - self._clock())))
            budget = self._renewed + RENEW_DEADLINE - self._clock()
            try:
                async with asyncio.timeout(max(0.0, budget)):
                    if not await self._try() and self._other_holds():
                        break
            except TimeoutError:
                break
        self._held = False

    async def release(self) -> None:
        """Gives the lease back, so that the next leader need not wait for it to expire."""
        if not self._held:
            return
        self._held = False
        try:
            lease = await self._store.read()  # a renewal may have been under way when the end came
            if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
                await self._store.write({**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}, lease)
        except ClusterError as error:
            logger.info("lease not released, it will expire: %s", error)

    async def _try(self) -> bool:
        """One attempt to acquire or renew, as `tryAcquireOrRenew` of client-go."""
        started = self._clock()
        try:
            if not (self._held and self._observed):
                self._observe(await self._store.read())
            if self._other_holds():
                return False
            previous = self._observed.lease if self._observed else None
            self._observe(await self._store.write(self._spec(previous), previous))
        except (ConflictError, NotFoundError):
            return await self._look_again()
        except ClusterError as error:
            logger.warning("the Lease cannot be read or renewed: %s", error)
            return False
        self._renewed, self._held = started, True
        return True

    async def _look_again(self) -> bool:
        """Somebody else wrote or deleted the Lease; what they wrote counts from now on."""
        try:
            self._observe(await self._store.read())
        except ClusterError as error:
            logger.warning("the Lease cannot be read or renewed: %s", error)
        return False

    def _observe(self, lease: Object | None) -> None:
        if lease is None:
            self._observed = None
        elif self._observed is None or self._observed.lease["spec"] != lease["spec"]:
            self._observed = _Observed(lease, self._clock())
        else:
            self._observed.lease = lease

    @property
    def _holder(self) -> str:
        return str(self._observed.lease.get("spec", {}).get("holderIdentity") or "") if self._observed else ""

    def _other_holds(self) -> bool:
        if self._observed is None:
            return False
        duration = float(self._observed.lease.get("spec", {}).get("leaseDurationSeconds") or DURATION)
        return self._holder not in ("", self._identity) and self._observed.at + duration > self._clock()

    def _spec(self, previous: Object | None) -> dict[str, Any]:
        now = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = (previous or {}).get("spec", {})
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(DURATION),
            "renewTime": now,
            "acquireTime": before.get("acquireTime", now),
            "leaseTransitions": before.get("leaseTransitions", 0),
        }
        if before.get("holderIdentity") != self._identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] += 1 if previous else 0
        return spec
