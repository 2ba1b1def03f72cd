"""What carries this cluster's tags in AWS although no ServiceBinding has it: kept on purpose, or left behind."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.binding import ownership
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.ownership import Owner, owner_in
from trimtab.domain.binding.protocol.wanted import name_in
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.status import timestamp, without_empty

GRACE = 300.0
"""Seconds for which something must have been an orphan before it is deleted: whoever makes it may not be seen yet."""

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A resource with our tags. `since`: when it was kept, or first found to be an orphan; a Kubernetes time."""

    arn: str
    region: str
    owner: Owner
    kind: str
    deletion_policy: str
    since: str
    deleting: bool = False

    def to_status(self) -> dict[str, Any]:
        """The entry of status.orphans or status.retained."""
        return without_empty(
            {
                "arn": self.arn,
                "namespace": self.owner.namespace,
                "binding": self.owner.name,
                "deletionPolicy": self.deletion_policy,
                "since": self.since,
            }
        )

    @property
    def resource(self) -> Resource:
        """What to look at, and to delete."""
        return Resource(kind=self.kind, key="orphan", name=name_in(self.arn))

    def may_go(self, now: datetime) -> bool:
        """Whether it may be deleted, if the policies say so: its deletion was begun, and it was not found just now."""
        age = (now - datetime.fromisoformat(self.since)).total_seconds()
        return self.deleting and bool(self.kind) and age >= GRACE


def retained(found: Mapping[str, Mapping[str, str]], grant: Grant) -> Iterator[Tagged]:
    """What was kept when its binding, or its place in the spec, went. What names no binding is of another sweep."""
    for arn, tags in sorted(found.items()):
        owner = owner_in(tags)
        if owner is not None and owner.name and ownership.RETAINED in tags and _within(grant, arn):
            yield _tagged(arn, tags, owner, grant, tags[ownership.RETAINED])


def suspects(
    found: Mapping[str, Mapping[str, str]],
    grant: Grant,
    known: Collection[tuple[str, str]],
    before: Iterable[Mapping[str, Any]],
    now: datetime,
) -> Iterator[Tagged]:
    """What seems to have no binding; `known` are namespace and name of all that are known, `before` status.orphans.

    A binding of the same name, whatever its UID, takes it up itself or says why not. What is being handed over is
    another cluster's to take.
    """
    since = {entry["arn"]: entry.get("since") for entry in before}
    for arn, tags in sorted(found.items()):
        owner = owner_in(tags)
        if owner is None or not owner.name or ownership.RETAINED in tags or ownership.TRANSFER_TO in tags:
            continue
        if (owner.namespace, owner.name) not in known and _within(grant, arn):
            yield _tagged(arn, tags, owner, grant, since.get(arn) or timestamp(now))


def is_still(orphan: Tagged, live: Live | None) -> bool:
    """Whether a look just before its deletion shows the same orphan."""
    tags = (live.tags if live is not None else None) or {}
    return (
        owner_in(tags) == orphan.owner
        and ownership.DELETING in tags
        and ownership.RETAINED not in tags
        and ownership.TRANSFER_TO not in tags
    )


def _within(grant: Grant, arn: str) -> bool:
    """Whether the policy is about it at all: other policies may lead to the same account."""
    return name_in(arn).startswith(grant.prefix)


def _tagged(arn: str, tags: Mapping[str, str], owner: Owner, grant: Grant, since: str) -> Tagged:
    return Tagged(
        arn=arn,
        region=grant.region,
        owner=owner,
        kind=tags.get(ownership.KIND, ""),
        deletion_policy=tags.get(ownership.DELETION_POLICY, ""),
        since=since,
        deleting=ownership.DELETING in tags,
    )
