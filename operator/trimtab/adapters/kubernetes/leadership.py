"""The elector in a thread and event loop of its own, so that a busy main loop cannot delay a renewal."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable

from trimtab.adapters.kubernetes.connection import USER_AGENT, Connection
from trimtab.adapters.kubernetes.lease import Elector
from trimtab.adapters.kubernetes.lease_store import KubernetesLeaseStore

logger = logging.getLogger("trimtab.lease")

LEASE_USER_AGENT = USER_AGENT.replace("trimtab/", "trimtab-lease/")


def boot_time() -> float:
    """Seconds on a clock that never jumps and goes on while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leadership:
    """Leads or waits to lead; losing the lease ends the process, since its reconciles cannot be called back.

    `on_leading` is called in the elector's thread as soon as this process leads.
    """

    def __init__(
        self, connection: Connection, namespace: str, name: str, identity: str, on_leading: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._on_leading = on_leading
        self._elector: Elector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begins to ask for the lease."""
        self._thread.start()

    def stop(self) -> None:
        """Releases the lease; returns once that is done, after at most 6 seconds. Call it after the last write."""
        if self._loop is not None and self._stopped is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(6.0)

    def remaining(self) -> float:
        """See trimtab.ports.lease."""
        return self._elector.remaining() if self._elector else 0.0

    @property
    def leading(self) -> bool:
        """Whether this process leads."""
        return self._elector is not None and self._elector.leading

    @property
    def changed_at(self) -> float | None:
        """When, on CLOCK_BOOTTIME, the Lease was last seen to change; None before the first look."""
        return self._elector.changed_at if self._elector else None

    def _run(self) -> None:
        try:
            asyncio.run(self._elect())
        except BaseException:
            logger.exception("the elector failed; the process ends")
            os._exit(1)

    async def _elect(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        async with self._connection.session(user_agent=LEASE_USER_AGENT, limit=2) as session:
            store = KubernetesLeaseStore(session, self._connection.server, self._namespace, self._name)
            self._elector = Elector(store, self._identity, clock=boot_time)
            stop = asyncio.create_task(self._stopped.wait())
            campaign = asyncio.create_task(self._campaign(self._elector))
            await asyncio.wait((stop, campaign), return_when=asyncio.FIRST_COMPLETED)
            if campaign.done():
                campaign.result()
                return
            campaign.cancel()
            await asyncio.wait((campaign,))
            await self._elector.release()

    async def _campaign(self, elector: Elector) -> None:
        await elector.acquire()
        self._on_leading()
        await elector.hold()
        logger.critical("the lease is lost; the process ends, so that nothing of it goes on beside the new leader")
        logging.shutdown()
        os._exit(1)


class AlwaysLeading:
    """Stands in when leader election is switched off: the administrator vouches for there being one process."""

    leading = True
    changed_at: float | None = None

    def __init__(self, on_leading: Callable[[], None]) -> None:
        self._on_leading = on_leading

    def start(self) -> None:
        """Leads at once."""
        self._on_leading()

    def stop(self) -> None:
        """Has nothing to give back."""

    def remaining(self) -> float:
        """See trimtab.ports.lease."""
        return float("inf")
