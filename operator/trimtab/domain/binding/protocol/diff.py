"""Which settings of a live resource are not as declared. What a Resource does not declare is nobody's business."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from trimtab.domain import names
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.domain.status import shortened

_MOST = 120


def differing(resource: Resource, live: Live) -> frozenset[str]:
    """Settings whose live value is another than the declared one."""
    return frozenset(name for name, value in resource.settings.items() if not _equal(value, live.settings.get(name)))


def changes(resource: Resource, settings: Collection[str]) -> Iterator[Change]:
    """What has to be called for these settings: each group whole, in the order in which the resource names groups."""
    order = {group: number for number, group in enumerate(dict.fromkeys(resource.groups.values()))}
    groups = {resource.groups.get(name, "") for name in settings}
    for group in sorted(groups, key=lambda group: (order.get(group, -1), group)):
        values = {
            name: value
            for name, value in sorted(resource.settings.items())
            if resource.groups.get(name, "") == group and name not in resource.immutable
        }
        yield Change(group=group, settings=values, differing=frozenset(settings) & values.keys())


def digest(value: Any) -> str:
    """Ten characters that identify a setting's value."""
    return names.digest(names.canonical(value))


def digests(settings: Mapping[str, Any]) -> dict[str, str]:
    """The digest of each setting."""
    return {name: digest(value) for name, value in settings.items()}


def shown(value: Any) -> str:
    """A setting's value for people: JSON, cut short."""
    return shortened(names.canonical(value), _MOST)


def _equal(one: Any, other: Any) -> bool:
    return one == other or names.canonical(one) == names.canonical(other)
