"""Lists in pieces, so that neither side has to hold a large one at once."""

from collections.abc import AsyncIterator

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import Kind
from trimtab.domain.objects import Object
from trimtab.ports.cluster import InvalidError

CHUNK = 500


async def listed(client: ApiClient, kind: Kind, namespace: str, selector: str = "") -> AsyncIterator[Object]:
    """Every object of a kind in a namespace (empty: in all). Some may come twice. Raises ClusterError.

    A continuation expires if it is not used within minutes (410); then the list begins anew.
    """
    query = {"limit": str(CHUNK), "labelSelector": selector}
    token = ""
    while True:
        try:
            page = await client.read(
                kind, kind.path(namespace), verb="list", query={**query, "continue": token} if token else query
            )
        except InvalidError:
            if not token:
                raise
            token = ""
            continue
        for item in page["items"]:
            yield {**item, "apiVersion": kind.api_version, "kind": kind.kind}
        token = page["metadata"].get("continue", "")
        if not token:
            return
