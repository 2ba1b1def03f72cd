"""The first look: chunked lists of everything that is watched, before any worker starts.

kopf lists for itself, but does not tell when it is done; deciding from half a cache would recreate what exists.
"""

import asyncio
from collections.abc import Sequence

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import OPTIONAL, WATCHED, Kind, selector_of
from trimtab.ports.cluster import InvalidError, KindNotServedError, NotFoundError

CHUNK = 500


async def prime(client: ApiClient, cache: ObjectCache, namespaces: Sequence[str]) -> None:
    """Fills the cache from the namespaces (none given: all of them). Raises ClusterError."""
    scopes = [(kind, namespace) for kind in WATCHED for namespace in namespaces or ("",)]
    results = await asyncio.gather(
        *(_list(client, cache, kind, namespace) for kind, namespace in scopes), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _list(client: ApiClient, cache: ObjectCache, kind: Kind, namespace: str) -> None:
    query = {"limit": str(CHUNK), "labelSelector": selector_of(kind)}
    token = ""
    while True:
        try:
            page = await client.read(
                kind, kind.path(namespace), verb="list", query={**query, "continue": token} if token else query
            )
        except (KindNotServedError, NotFoundError):
            if kind in OPTIONAL:
                return
            raise
        except InvalidError:
            if not token:
                raise
            token = ""  # 410: the token expired while we were busy with its page; the cache takes a repetition well
            continue
        for item in page["items"]:
            cache.put({**item, "apiVersion": kind.api_version, "kind": kind.kind})
        token = page["metadata"].get("continue", "")
        if not token:
            return
