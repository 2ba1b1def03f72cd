"""External resources: as a binding wants them, and as a look finds them.

Settings are JSON values. What a service's file in `services/` declares and what its adapter gives back have the same
form, so that both can be compared without knowing the service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What AWS says of a resource, over all services."""

    CREATING = "Creating"
    ACTIVE = "Active"
    UPDATING = "Updating"
    DELETING = "Deleting"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One external resource that a binding wants.

    `kind` is what the adapter knows it by, `<service>/<what>` such as `sqs/queue`; the part before the slash is the
    service of policies. `key` tells the binding's resources apart (`queue`, `deadLetter`) and never changes. `name` is
    its name in AWS. `address` is what else a look needs, such as the ARN of the topic of a subscription. `arn` is the
    one that it is going to have, `?` for each character that AWS chooses; empty for parts and what is declared no more.

    `settings` are compared with those of a live one, key by key; what is absent is nobody's business. `creation` are
    further parameters of the creation, never compared. `immutable` names settings that cannot be changed in place,
    `replaced` those that can be set and taken back, but whose change to another value would make another thing of them.
    `groups` maps a setting to the group of settings that one call changes; settings without one share the group "".

    `parent` is the key of the resource that it is a part of: it has no tags then, and is whose its parent is.
    `data`: it holds what users cannot make again. `gradual`: it takes one change at a time, and none unless Active.
    `late_tags`: AWS cannot tag it in the call that creates it, so that a kill may leave it without any.
    """

    kind: str
    key: str
    name: str
    arn: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    creation: Mapping[str, Any] = field(default_factory=dict)
    immutable: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    data: bool = False
    gradual: bool = False
    late_tags: bool = False

    @property
    def service(self) -> str:
        """The member of spec that it belongs to, as policies name it."""
        return self.kind.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a look found.

    `handle` is what further calls name it by: a URL, an ARN or its name. `settings` holds at least those that a
    Resource of its kind can declare. `tags` is None where they were not read (a part of another resource). `empty` says
    whether it holds no data, None if that is unknown. `outputs` are further facts for the projection, such as a secret
    value: never shown. `note` is AWS's own reason for FAILED.
    """

    handle: str
    arn: str
    state: State = State.ACTIVE
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    empty: bool | None = None
    outputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Settings of one group, with the values that are wanted of all of them; `differing` are those that are not so."""

    group: str
    settings: Mapping[str, Any]
    differing: frozenset[str]
