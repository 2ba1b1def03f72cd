"""What a ServiceBinding's status remembers of each of its resources, so that no restart and no new rule loses one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trimtab.domain.binding.resource import Resource
from trimtab.domain.status import timestamp, without_empty

PENDING = "pending"
"""Instead of a digest: it is being put into effect, and whether it is, no look has shown yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write to AWS that was decided: `verb` at `at`, a Kubernetes time. Whether it was sent is not known."""

    verb: str
    at: str

    def age(self, now: datetime) -> float:
        """Seconds since it was recorded."""
        return (now - datetime.fromisoformat(self.at)).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry of status.resources. `applied`: setting -> digest of the value that was last seen to be in effect.

    `owner` is the UID of the ServiceBinding that its tags named when it was last seen to be ours: a status that was
    restored with another object says nothing of that one. The rest is what a deletion needs of a resource that the spec
    no longer declares; `state` is as AWS said last.
    """

    key: str
    kind: str
    name: str
    arn: str = ""
    owner: str = ""
    state: str = ""
    parent: str = ""
    data: bool = False
    address: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, str] = field(default_factory=dict)
    intent: Intent | None = None

    def resource(self) -> Resource:
        """The resource without any settings: enough to look at it, and to delete it."""
        return Resource(
            kind=self.kind, key=self.key, name=self.name, address=self.address, parent=self.parent, data=self.data
        )

    def to_status(self) -> dict[str, Any]:
        """The entry as it is written."""
        fields = {name: getattr(self, name) for name in ("key", "kind", "name", "arn", "owner", "state", "parent")}
        intent = {"verb": self.intent.verb, "at": self.intent.at} if self.intent else None
        maps = {"address": dict(self.address), "applied": dict(sorted(self.applied.items()))}
        return without_empty({**fields, "data": self.data or None, **maps, "intent": intent})


def record_of(resource: Resource, before: Record | None = None) -> Record:
    """The entry of a resource, with what was known of it."""
    return Record(
        key=resource.key,
        kind=resource.kind,
        name=resource.name,
        parent=resource.parent,
        data=resource.data,
        address=resource.address,
        arn=before.arn if before else "",
        owner=before.owner if before else "",
        state=before.state if before else "",
        applied=before.applied if before else {},
        intent=before.intent if before else None,
    )


def recorded(status: Mapping[str, Any]) -> dict[str, Record]:
    """The entries of status.resources by key, in their order."""
    return {entry["key"]: _read(entry) for entry in status.get("resources") or ()}


def _read(entry: Mapping[str, Any]) -> Record:
    intent = entry.get("intent")
    return Record(
        key=entry["key"],
        kind=entry["kind"],
        name=entry["name"],
        arn=entry.get("arn", ""),
        owner=entry.get("owner", ""),
        state=entry.get("state", ""),
        parent=entry.get("parent", ""),
        data=bool(entry.get("data")),
        address=entry.get("address") or {},
        applied=entry.get("applied") or {},
        intent=Intent(verb=intent["verb"], at=intent["at"]) if intent else None,
    )


def begun(verb: str, now: datetime) -> Intent:
    """An intent of this moment."""
    return Intent(verb=verb, at=timestamp(now))
