"""A status that was lost, from the tags in AWS: else what the spec declares no more would be forgotten there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trimtab.domain.binding import ownership
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.wanted import name_in
from trimtab.domain.binding.record import Record, recorded


def is_lost(observation: Observation, *, guarded: bool) -> bool:
    """Whether the finalizer says that there may be something outside the cluster, and the status knows of nothing."""
    return guarded and not recorded(observation.status)


def searched(observation: Observation) -> Mapping[str, str]:
    """The tags of what was made for a binding of this name, whatever its UID was then."""
    tags = observation.owner.tags()
    return {key: value for key, value in tags.items() if key != ownership.UID}


def recalled(observation: Observation, found: Mapping[str, Mapping[str, str]]) -> Observation:
    """The observation as if the status had told of what was found; what was retained is remembered by nobody."""
    entries: list[dict[str, Any]] = [record.to_status() for record in _records(found)]
    status = {**observation.status, "resources": entries}
    return replace(observation, resource={**observation.resource, "status": status})


def _records(found: Mapping[str, Mapping[str, str]]) -> Iterator[Record]:
    for arn, tags in sorted(found.items()):
        if ownership.KIND in tags and ownership.RETAINED not in tags:
            name = name_in(arn)
            key, data = tags.get(ownership.KEY, name), tags.get(ownership.DELETION_POLICY) != "Delete"
            yield Record(key=key, kind=tags[ownership.KIND], name=name, data=data)
