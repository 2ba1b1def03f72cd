"""What one look at a binding's resources leads to, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trimtab.api.reasons import Reason
from trimtab.domain.binding.protocol import diff
from trimtab.domain.binding.protocol.drift import Drift
from trimtab.domain.binding.record import Record
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.domain.plan import Event

Cause = Literal["spec", "drift", "deletion", "retention", "adoption", "reattachment", "hand-over"]
"""Why something outside the cluster is changed, as the audit log names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A resource is made, with `tags`."""

    resource: Resource
    tags: Mapping[str, str]
    cause: Cause
    verb: str = "Create"

    @property
    def token(self) -> str:
        """What tells this write from others about the same resource."""
        return "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Modify:
    """One group of settings of a resource of ours is changed."""

    resource: Resource
    live: Live
    change: Change
    cause: Cause
    verb: str = "Change"

    @property
    def token(self) -> str:
        """See Create."""
        return modification(self.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Tags of ours are set, and those of `without` taken away."""

    resource: Resource
    live: Live
    tags: Mapping[str, str]
    cause: Cause
    verb: str
    without: frozenset[str] = frozenset()

    @property
    def token(self) -> str:
        """See Create."""
        if self.verb in ("Retain", "Delete"):  # the time in their tags is another at each attempt
            return "retain" if self.verb == "Retain" else "announce"
        return f"tag:{self.verb}:{diff.digest([sorted(self.tags.items()), sorted(self.without)])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A resource of ours is deleted."""

    resource: Resource
    live: Live
    cause: Cause
    verb: str = "Delete"

    @property
    def token(self) -> str:
        """See Create."""
        return "delete"


Action = Create | Modify | Tag | Delete


def modification(change: Change) -> str:
    """The token of a change of settings: another value is another write."""
    return f"change:{change.group}:{diff.digest(dict(change.settings))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What stands between now and Ready. `after`: seconds until it is worth a look; None: only a person can mend it.

    `kind` and `name` say of what it is: that of a resource (`sqs/queue`), or of an object of the cluster.
    """

    kind: str
    name: str
    reason: Reason
    message: str
    after: float | None = None

    @property
    def stalled(self) -> bool:
        """Whether nothing but a person can mend it."""
        return self.after is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`records` are status.resources and `drifts` status.drift; `actions` are what is to be written to AWS, in order.

    `lives` are the resources that can be used, by key; `complete` if that is all that are declared. `drifted` are those
    of `drifts` that differ now. `events` tell of what is decided, once it is recorded. `over`: the binding is being
    deleted and nothing is left to do outside the cluster; `retained`: then its Secret is kept, as its resources are.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    drifted: tuple[Drift, ...] = ()
    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()
    lives: Mapping[str, Live] = field(default_factory=dict)
    complete: bool = False
    deletion_policy: str = ""
    main: str = ""
    over: bool = False
    retained: bool = False
