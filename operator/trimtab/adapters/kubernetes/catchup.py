"""Lists that bring the cache up to date with what one watch has told and another not yet."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import MICROSERVICE, SERVICE_BINDING
from trimtab.adapters.kubernetes.listing import listed
from trimtab.domain.objects import Object, uid_of


class CatchUp:
    """Tells `on_found` of every ServiceBinding that a namespace had when a Microservice appeared there.

    A list finds all that is older than its begin, so that one serves every Microservice that was known by then: of
    hundreds that are applied together, most need none. Versions of the two kinds need not be compared, which the API
    does not promise to mean anything.
    """

    def __init__(self, client: ApiClient, cache: ObjectCache, on_found: Callable[[Object], object]) -> None:
        self._client = client
        self._cache = cache
        self._on_found = on_found
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, frozenset[str]] = {}

    async def __call__(self, microservice: Object) -> None:
        """Returns once a list that began after the Microservice appeared is in the cache. Raises ClusterError."""
        namespace, uid = microservice["metadata"]["namespace"], uid_of(microservice)
        if uid in self._known.get(namespace, ()):
            return  # whoever needs no list does not wait for that of others either
        async with self._turns[namespace]:
            if uid not in self._known.get(namespace, ()):
                await self._list(namespace, uid)

    async def _list(self, namespace: str, uid: str) -> None:
        known = frozenset({uid, *map(uid_of, self._cache.of_kind(MICROSERVICE.kind, namespace))})
        async for obj in listed(self._client, SERVICE_BINDING, namespace):
            self._on_found(obj)
        self._known[namespace] = known
