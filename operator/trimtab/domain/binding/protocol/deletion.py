"""What becomes of a resource when its ServiceBinding, or its place in the spec, goes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from trimtab.api.servicebinding import BindingFields
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.ownership import Policy
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.objects import Object

_MARGIN = timedelta(seconds=60)


def shown(spec: BindingFields, grant: Grant, resources: Iterable[Resource], lives: Mapping[str, Live]) -> Policy:
    """The policy of the whole binding: that of spec, else the most careful of its resources' defaults."""
    if spec.deletion_policy is not None:
        return spec.deletion_policy
    found = tuple(resources)
    if any(_stays(grant, resource) for resource in found):
        return "Retain"
    holding = [resource for resource in found if resource.data]
    if not holding:
        return "Delete"
    known = [lives[resource.key] for resource in holding if resource.key in lives]
    return "DeleteIfEmpty" if known and all(live.empty is not None for live in known) else "Retain"


def tagged(spec: BindingFields, grant: Grant, resource: Resource) -> str:
    """The policy as it is in the resource's tag: Delete only if it certainly may go."""
    if spec.deletion_protection or (spec.deletion_policy is None and (resource.data or _stays(grant, resource))):
        return "Retain"
    return spec.deletion_policy or "Delete"


def is_deleted(spec: BindingFields, grant: Grant, resource: Resource, live: Live) -> bool:
    """Whether a resource goes with its binding. What holds data goes only if somebody said so, or if it is empty."""
    if spec.deletion_protection:
        return False
    if spec.deletion_policy is not None:
        return spec.deletion_policy == "Delete"
    return not _stays(grant, resource) and (not resource.data or live.empty is True)


def needs_proof(spec: BindingFields, resource: Resource, *, alone: bool) -> bool:
    """Whether it goes only because it is empty: AWS's counts are about right only, so that one look proves nothing.

    `alone`: the binding stays, so that its policy says nothing of what a part of it holds.
    """
    return resource.data and (alone or spec.deletion_policy is None)


def _stays(grant: Grant, resource: Resource) -> bool:
    """Whether nobody may want its end by saying nothing: it was taken over, or the policy permits no deletion."""
    return bool(grant.adopted) or not resource.name.startswith(grant.prefix) or "Delete" not in grant.deletion_policies


def is_ending(binding: Object, namespace: Object | None, crd_ending: bool) -> bool:
    """Whether it is its surroundings that go, so that nobody has asked for the end of this one: nothing is destroyed.

    `crd_ending` also if nobody tells. A binding that was deleted before its namespace was meant to be; a minute before
    at least, for API servers differ in their clocks, and to keep is always right.
    """
    if crd_ending:
        return True
    ends = ((namespace or {}).get("metadata") or {}).get("deletionTimestamp")
    return bool(ends) and _at(binding["metadata"]["deletionTimestamp"]) >= _at(str(ends)) - _MARGIN


def _at(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
