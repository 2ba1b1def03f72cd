"""One service of one account and region: its pace, its circuit breaker, and how many of our threads it may hold."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from trimtab.adapters.aws import metrics
from trimtab.adapters.aws.breaker import Breaker
from trimtab.adapters.aws.pace import Bucket, Rates
from trimtab.ports.cloud import CloudError, CloudUnavailableError

ABREAST = 4
"""Calls at the same time: one account that hangs must leave threads to the others."""


class Lane:
    """Lets calls in: in the order in which they came, at the pace of reads or of writes."""

    def __init__(
        self, service: str, name: str, rates: Rates, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self.reads, self.writes = Bucket(rates.reads, now), Bucket(rates.writes, now)
        self._breaker = Breaker(name, now)
        self._service = service
        self._sleep = sleep
        self._now = now
        self._order = {self.reads: asyncio.Lock(), self.writes: asyncio.Lock()}
        self._abreast = asyncio.Semaphore(ABREAST)

    @asynccontextmanager
    async def turn(self, *, write: bool) -> AsyncIterator[None]:
        """While a call is under way. Its failure counts if it is the service's. Raises CircuitOpenError."""
        self._breaker.check()  # so that nobody waits in vain
        bucket, began = (self.writes if write else self.reads), self._now()
        async with self._order[bucket]:
            await self._abreast.acquire()
            try:
                while (seconds := bucket.wait()) > 0:
                    await self._sleep(seconds)
            except BaseException:
                self._abreast.release()
                raise
            bucket.take()
        metrics.WAIT.labels(self._service).observe(self._now() - began)
        try:
            async with self._settled():
                yield
        finally:
            bucket.give()  # what was sent has been counted by then
            self._abreast.release()

    @asynccontextmanager
    async def _settled(self) -> AsyncIterator[None]:
        self._breaker.admit()
        failed: bool | None = None
        was = self._breaker.open
        try:
            yield
            failed = False
        except CloudError as error:
            failed = isinstance(error, CloudUnavailableError)
            raise
        finally:
            self._breaker.settle(failed)
            metrics.OPEN.inc(self._breaker.open - was)


class Lanes:
    """All lanes, made when they are needed: there is one for each service that a BindingPolicy's role is called for."""

    def __init__(
        self,
        rates: Rates,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rates, self._now, self._sleep = rates, now, sleep
        self._lanes: dict[tuple[str, str, str], Lane] = {}

    def of(self, account: str, region: str, service: str) -> Lane:
        """The lane of a service, by boto3's name."""
        key = account, region, service
        if key not in self._lanes:
            name = f"{service} of account {account} in {region}"
            self._lanes[key] = Lane(service, name, self._rates, self._now, self._sleep)
        return self._lanes[key]
