"""The first look: chunked lists of everything that is watched, before any worker starts.

kopf lists for itself, but does not tell when it is done; deciding from half a cache would recreate what exists.
"""

import asyncio
from collections.abc import Sequence

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import OPTIONAL, Kind, selector_of, watched
from trimtab.adapters.kubernetes.listing import listed
from trimtab.ports.cluster import KindNotServedError, NotFoundError


async def prime(client: ApiClient, cache: ObjectCache, namespaces: Sequence[str]) -> None:
    """Fills the cache from the namespaces (none given: all of them). Raises ClusterError."""
    scopes = [(kind, namespace) for kind in watched(clustered=not namespaces) for namespace in namespaces or ("",)]
    results = await asyncio.gather(
        *(_list(client, cache, kind, namespace) for kind, namespace in scopes), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _list(client: ApiClient, cache: ObjectCache, kind: Kind, namespace: str) -> None:
    try:
        async for item in listed(client, kind, namespace, selector_of(kind)):
            cache.put(item)
    except (KindNotServedError, NotFoundError):
        if kind not in OPTIONAL:
            raise
