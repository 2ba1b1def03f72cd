"""What CRDs say before discovery does: that a kind is served, or is on its way out and all of its objects with it."""

import asyncio

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import DEFINITION, Kind
from trimtab.ports.cluster import DeniedError, KindNotServedError, NotFoundError

CONFIRM = 1.0
"""Seconds after which discovery is asked once more before it is believed that a CRD stays: it follows with a delay."""


async def ending(client: ApiClient, kind: Kind) -> bool:
    """By the CRD itself; where it may not be read (Roles only), by discovery, which everybody may ask.

    While a CRD is Terminating, discovery offers its objects without the verb `create`. Where not even that is told, it
    ends for all we know. Raises ClusterError.
    """
    try:
        found = await client.read(DEFINITION, DEFINITION.path("", f"{kind.plural}.{kind.group}"))
    except NotFoundError:
        return True
    except DeniedError:
        if await _is_closed(client, kind):
            return True
        await asyncio.sleep(CONFIRM)
        return await _is_closed(client, kind)
    return "deletionTimestamp" in found["metadata"]


async def is_established(client: ApiClient, kind: Kind) -> bool:
    """Whether there is a CRD by which the kind is served, now or in a moment. Raises ClusterError."""
    try:
        found = await client.read(DEFINITION, DEFINITION.path("", f"{kind.plural}.{kind.group}"))
    except (DeniedError, NotFoundError):
        return False
    versions = {version["name"] for version in found["spec"]["versions"] if version["served"]}
    conditions = {each["type"]: each["status"] for each in (found.get("status") or {}).get("conditions") or ()}
    return (
        kind.version in versions
        and conditions.get("Established") == "True"
        and "deletionTimestamp" not in found["metadata"]
    )


async def _is_closed(client: ApiClient, kind: Kind) -> bool:
    """Whether no object of the kind can be made any more."""
    try:
        offered = await client.read(kind, kind.root, verb="discover")
    except (DeniedError, KindNotServedError, NotFoundError):
        return True
    verbs = [resource["verbs"] for resource in offered["resources"] if resource["name"] == kind.plural]
    return not any("create" in each for each in verbs)
