"""Objects as they are now and each change from then on, for whoever has no cache of its own, such as a command."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import Kind
from trimtab.domain.objects import Object
from trimtab.ports.cluster import DeniedError, InvalidError, KindNotServedError, ThrottledError, UnavailableError

PAUSE = 1.0
PATIENCE = 60.0
"""Seconds without a good answer after which following ends with the last error."""


class Change(NamedTuple):
    """One object as it is now; None: there is none of that name."""

    namespace: str
    name: str
    found: Object | None


async def follow(client: ApiClient, kind: Kind, namespace: str, name: str = "") -> AsyncIterator[Change]:
    """Lists, then watches, for ever; with `name` that one object only, else all of the namespace (empty: of all).

    Each time the stream has to be taken up anew, all objects come again, but for those deleted meanwhile, of which
    only a named one is told. Raises ClusterError if the first answer is bad, or none was good for a minute.
    """
    path, selector = kind.path(namespace), {"fieldSelector": f"metadata.name={name}"} if name else {}
    good = 0.0
    while True:
        try:
            listed = await client.read(kind, path, verb="list", query=selector)
            good = time.monotonic()
            if name and not listed["items"]:
                yield Change(namespace, name, None)
            for item in listed["items"]:
                yield _change(item)
            query = {**selector, "resourceVersion": listed["metadata"]["resourceVersion"]}
            async for type_, item in client.watch(kind, path, query=query):
                good = time.monotonic()
                yield _change(item, gone=type_ == "DELETED")
        except (DeniedError, KindNotServedError):
            raise
        except InvalidError:  # 410: what we last saw is too old to go on from
            if not good:
                raise
        except (UnavailableError, ThrottledError):
            if not good or time.monotonic() - good > PATIENCE:
                raise
        await asyncio.sleep(PAUSE)


def _change(item: Object, *, gone: bool = False) -> Change:
    metadata = item["metadata"]
    return Change(metadata.get("namespace", ""), metadata["name"], None if gone else item)
