"""What was applied for a Microservice, as status.inventory remembers it, and what of it has to go."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from trimtab.domain.objects import ObjectRef, uid_of
from trimtab.domain.plan import Delete
from trimtab.domain.service.children import OPTIONAL
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation


def recorded(owner: Identity, status: Mapping[str, Any]) -> frozenset[ObjectRef]:
    """The objects of status.inventory."""
    return frozenset(owner.ref(item["apiVersion"], item["kind"], item["name"]) for item in status.get("inventory", ()))


def rendered(refs: Collection[ObjectRef]) -> list[dict[str, str]]:
    """The objects as status.inventory, in an order that depends on nothing but them."""
    return [{"apiVersion": ref.api_version, "kind": ref.kind, "name": ref.name} for ref in sorted(refs)]


def prunes(
    owner: Identity, observation: Observation, recorded_refs: Collection[ObjectRef], wanted: Collection[ObjectRef]
) -> Iterator[Delete]:
    """Deletes what was applied and is no longer wanted, and nothing that another object controls.

    What the cache does not show is looked for before it is deleted. Objects of an API that was taken out are gone.
    """
    for ref in sorted(set(recorded_refs) - set(wanted)):
        kind = (ref.api_version, ref.kind)
        if kind in OPTIONAL and kind not in observation.served:
            continue
        live = observation.children.get(ref)
        yield Delete(ref=ref, owner_uid=owner.uid, uid=uid_of(live) if live is not None else None)
