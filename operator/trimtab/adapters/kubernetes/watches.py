"""Watches the watcher: what kopf asks the API server tells us what kopf itself does not say.

A middleware of kopf's HTTP session sees its lists and watches. From them we learn (a) that a watch has been relisted,
which happens after a gap (410 Gone): objects that vanished in the gap sent no event and are ghosts in our cache;
(b) that kopf rescans the APIs, because a CRD came or went; (c) that a watch is alive.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.kinds import OPTIONAL, Kind, watched_kind
from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.ports.cluster import ClusterError, UnavailableError

logger = logging.getLogger("trimtab.watches")

QUIET = 2.0
"""Seconds without an object of a relist after which all of its objects have reached the cache."""

LONGEST_WAIT = 30.0
"""Seconds after which suspects are looked at though objects of the kind go on changing: crashing pods never rest."""

RESCAN_PAUSE = 1.0
"""Seconds between a CRD's event and the first look at discovery, and between two looks."""

LAGS_AT_MOST = 60.0
"""Seconds after which kopf may rescan though discovery still does not tell of a CRD that is established."""


@dataclass(slots=True)
class _Relist:
    known: dict[ObjectRef, Object]
    deadline: float
    seen: set[ObjectRef] = field(default_factory=set)
    last: float = 0.0
    sweep: asyncio.Task[None] | None = None


Scope = tuple[str, str]
"""(kind, namespace); the namespace is empty for a watch over all of them."""


class WatchObserver:
    """Finds ghosts after relists, refreshes discovery after rescans, and knows when each watch last gave a sign."""

    def __init__(
        self,
        cache: ObjectCache,
        cluster: KubernetesCluster,
        *,
        on_gone: Callable[[Object], None],
        on_discovery: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        quiet: float = QUIET,
    ) -> None:
        self._cache = cache
        self._cluster = cluster
        self._on_gone = on_gone
        self._on_discovery = on_discovery
        self._clock = clock
        self._quiet = quiet
        self._relists: dict[Scope, _Relist] = {}
        self._signs: dict[Scope, float] = {}
        self._rescan: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._scanned = False
        self._outdated = False

    def ages(self) -> dict[Scope, float]:
        """Seconds since each watch last gave a sign of life: an event, or kopf (re)opening it."""
        now = self._clock()
        return {scope: now - sign for scope, sign in self._signs.items()}

    async def middleware(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Looks at each request of kopf and changes none; a rescan is held back until there is something to be seen."""
        scope = _scope(request.url.path)
        if scope is None:
            if request.url.path == "/apis":
                await self._settled()
                self._refresh_discovery()
            return await handler(request)
        watching = request.url.query.get("watch") == "true"
        if not watching and "continue" not in request.url.query:
            self._begin(scope)
        response = await handler(request)
        if watching and response.status < 400:
            self._signs[scope] = self._clock()
            self._listed(scope)
        return response

    def saw(self, kind: str, namespace: str, ref: ObjectRef) -> None:
        """Takes note of an event; whatever is mentioned after a relist began is no ghost."""
        for scope in ((kind, namespace), (kind, "")):
            if scope in self._signs:
                self._signs[scope] = self._clock()
            relist = self._relists.get(scope)
            if relist is not None:
                relist.seen.add(ref)
                relist.last = self._clock()

    def _begin(self, scope: Scope) -> None:
        kind, namespace = scope
        previous = self._relists.get(scope)
        if previous is not None and previous.sweep is not None:
            previous.sweep.cancel()
        known = {ref_of(obj): obj for obj in self._cache.of_kind(kind, namespace)}
        now = self._clock()
        self._relists[scope] = _Relist(known=known, deadline=now + LONGEST_WAIT, last=now)

    def _listed(self, scope: Scope) -> None:
        relist = self._relists.get(scope)
        if relist is not None and relist.sweep is None:
            relist.sweep = asyncio.create_task(self._sweep(scope, relist), name=f"ghosts-{scope[0]}")

    async def _sweep(self, scope: Scope, relist: _Relist) -> None:
        """Looks at every object that the relist did not mention; one request each, none if there is no suspect."""
        while (wait := min(relist.last + self._quiet, relist.deadline) - self._clock()) > 0:  # noqa: ASYNC110 - silence sends no signal
            await asyncio.sleep(wait)
        del self._relists[scope]
        for ref, known in relist.known.items():
            if ref in relist.seen or self._cache.get(ref) is not known:
                continue
            try:
                found = await self._cluster.get(ref)
            except ClusterError as error:
                logger.info("could not look for %s after a gap in the watch: %s", ref, error)
                continue
            if found is None:
                logger.info("%s vanished during a gap in the watch", ref)
            self._on_gone(known)  # if it is there after all, it may have left the watch by losing its label

    async def _settled(self) -> None:
        """Returns once discovery tells of all that is installed; at once for the first scan, which follows no event.

        kopf rescans when a CRD has changed, and not again. Discovery follows a CRD with a delay, and a kind that it did
        not tell of would stay unwatched until the next start.
        """
        if not self._scanned:
            self._scanned = True
            return
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="discovery")
        await asyncio.shield(self._settling)

    async def _settle(self) -> None:
        await asyncio.sleep(RESCAN_PAUSE)
        self._settling = None  # who comes from here on may know of a later CRD, and needs a look of its own
        deadline = self._clock() + LAGS_AT_MOST
        try:
            while await self._cluster.discovery_lags() and self._clock() < deadline:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(RESCAN_PAUSE)
        except ClusterError as error:
            logger.info("whether discovery tells of all CRDs is not known: %s", error)

    def _refresh_discovery(self) -> None:
        self._outdated = True
        if self._rescan is None or self._rescan.done():
            self._rescan = asyncio.create_task(self._discover())

    async def _discover(self) -> None:
        while self._outdated:
            await asyncio.sleep(RESCAN_PAUSE)
            self._outdated = False
            try:
                changed = await self._cluster.discover()
            except ClusterError as error:
                logger.info("discovery failed, the last answer holds: %s", error)
                self._outdated |= isinstance(error, UnavailableError)
            else:
                self._discovered(changed)

    def _discovered(self, changed: bool) -> None:
        gone = {kind.kind for kind in OPTIONAL if not self._cluster.serves(kind.api_version, kind.kind)}
        self._signs = {scope: sign for scope, sign in self._signs.items() if scope[0] not in gone}
        if changed:
            self._on_discovery()


def _scope(path: str) -> Scope | None:
    """The watched kind and namespace of a collection's path; None for any other path."""
    parts = path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1] if len(parts) > 1 else "", parts[3:])
    namespace = ""
    if len(rest) == 3 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    if len(rest) != 1:
        return None
    kind: Kind | None = watched_kind(group, rest[0])
    return (kind.kind, namespace) if kind else None
