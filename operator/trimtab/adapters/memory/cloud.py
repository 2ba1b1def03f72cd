"""AWS in memory: slow where AWS is slow, late where it is late, with names that others may have, and faults on demand.

`MemoryAws` outlives any process of the operator; `MemoryCloud` is one process's way to it. It knows no services: all
kinds behave as the settings of MemoryAws say, and a part (`Resource.parent`) goes with its whole.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trimtab.adapters.memory.cluster import Crash, Fault
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.domain.binding.service import Statement
from trimtab.ports.cloud import (
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudExistsError,
    CloudLeaseLostError,
    CloudUnavailableError,
)
from trimtab.ports.lease import Lease

Where = tuple[str, str, str, str]
"""Account, region, kind, name."""


@dataclass(slots=True)
class Stored:
    """A resource. Times are seconds of the clock; `gone_at` is that of a deletion that is under way."""

    arn: str
    settings: dict[str, Any]
    tags: dict[str, str] | None
    seen_at: float = 0.0
    active_at: float = 0.0
    gone_at: float | None = None
    failed: str = ""
    empty: bool | None = None
    outputs: dict[str, str] = field(default_factory=dict, repr=False)
    shown: dict[str, Any] = field(default_factory=dict)
    shown_until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry of the history: what was done to what, and which tags it carried before (None: a part, or not there)."""

    verb: str
    arn: str
    name: str
    before: Mapping[str, str] | None


class MemoryAws:
    """What exists, and how AWS behaves; durations in seconds.

    `unseen`: how long a creation is not to be seen; `creating`, `deleting`: how long these take; `stale`: how long a
    change of settings is not to be seen. `holding` are names of queues with messages, `full` of what AWS deletes only
    once it is empty. `misread`: by ARN, the tags that the list of all tags shows instead of the true ones, for it is
    late; None: it does not show the resource.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.stored: dict[Where, Stored] = {}
        self.history: list[Written] = []
        self.unseen = self.creating = self.deleting = self.stale = 0.0
        self.lacks: set[str] = set()
        self.holding: set[str] = set()
        self.full: set[str] = set()
        self.misread: dict[str, Mapping[str, str] | None] = {}
        self.blind = False

    def collect(self) -> None:
        """Ends the deletions that are over."""
        for where, each in list(self.stored.items()):
            if each.gone_at is not None and each.gone_at <= self.now():
                del self.stored[where]

    def of(self, kind: str) -> dict[str, Stored]:
        """What exists of a kind, by name."""
        self.collect()
        return {where[3]: each for where, each in sorted(self.stored.items()) if where[2] == kind}

    def place(self, where: Where, *, settings: Mapping[str, Any] | None = None, tags: Mapping[str, str]) -> Stored:
        """What somebody else makes."""
        account, region, kind, name = where
        arn = arn_of(account, region, kind, name)
        self.stored[where] = Stored(arn=arn, settings=dict(settings or {}), tags=dict(tags))
        return self.stored[where]


def arn_of(account: str, region: str, kind: str, name: str) -> str:
    """How this AWS names resources: queues as SQS does, others alike."""
    service, _, what = kind.partition("/")
    return f"arn:aws:{service}:{region}:{account}:{name}" + ("" if what in ("queue", "topic") else f"/{what}")


class MemoryCloud:
    """See trimtab.ports.cloud. `fault` concerns a write by its number; `failing` gives the error of the next calls.

    `looks` are all looks, `spared` those of them that took the tags for known; `lists` are readings of all tags.
    """

    def __init__(self, aws: MemoryAws, lease: Lease | None = None, fault: Fault | None = None) -> None:
        self._aws = aws
        self._lease = lease
        self._fault = fault
        self._dead = False
        self.looks = self.spared = self.lists = 0
        self.writes = 0
        self.failing: list[CloudError] = []
        self.refusing: Callable[[str, Resource], CloudError | None] = lambda verb, resource: None

    async def look(self, grant: Grant, resource: Resource, *, arn: str = "", known: Live | None = None) -> Live | None:
        """See the port."""
        self.looks += 1
        self.spared += known is not None
        self._answer("look", grant, resource, arn or (known.arn if known else ""))
        where, each = self._find(grant, resource, arn)
        if each is None or each.seen_at > self._aws.now():
            return None
        live = self._live(where, each)
        return replace(live, tags=known.tags) if known else live

    async def create(self, grant: Grant, resource: Resource, tags: Mapping[str, str]) -> None:
        """See the port."""
        where = _where(grant, resource)

        def carry_out() -> None:
            if where in self._aws.stored:
                taken = self._aws.stored[where]
                raise CloudBusyError("it is being deleted") if taken.gone_at is not None else CloudExistsError("taken")
            now = self._aws.now()
            stored = Stored(
                arn=arn_of(*where),
                settings=dict(resource.settings),
                tags=None if resource.parent else {} if resource.late_tags else dict(tags),
                seen_at=now + self._aws.unseen,
                active_at=now + self._aws.creating,
                empty=True if where[2].endswith("/queue") else None,
            )
            self._aws.stored[where] = stored
            self._wrote("create", stored, where, None)

        self._write("create", grant, resource, "", carry_out)
        stored = self._aws.stored.get(where)
        if resource.late_tags and stored is not None:
            self._write("tag", grant, resource, "", lambda: (stored.tags or {}).update(tags))

    async def change(self, grant: Grant, resource: Resource, live: Live, change: Change) -> None:
        """See the port."""

        def carry_out() -> None:
            where, each = self._existing(grant, resource, live)
            if resource.gradual and self._state(each) is not State.ACTIVE:
                raise CloudBusyError("it is not active")
            self._wrote("change", each, where, each.tags)
            each.shown, each.shown_until = dict(each.settings), self._aws.now() + self._aws.stale
            each.settings.update(change.settings)

        self._write("change", grant, resource, live.arn, carry_out)

    async def tag(self, grant: Grant, resource: Resource, live: Live, tags: Mapping[str, str]) -> None:
        """See the port."""

        def carry_out() -> None:
            where, each = self._existing(grant, resource, live)
            self._wrote("tag", each, where, each.tags)
            each.tags = {**(each.tags or {}), **tags}

        self._write("tag", grant, resource, live.arn, carry_out)

    async def untag(self, grant: Grant, resource: Resource, live: Live, keys: Collection[str]) -> None:
        """See the port."""

        def carry_out() -> None:
            where, each = self._existing(grant, resource, live)
            self._wrote("untag", each, where, each.tags)
            each.tags = {key: value for key, value in (each.tags or {}).items() if key not in keys}

        self._write("untag", grant, resource, live.arn, carry_out)

    async def delete(self, grant: Grant, resource: Resource, live: Live) -> None:
        """See the port."""

        def carry_out() -> None:
            where, each = self._find(grant, resource, live.arn)
            if each is None or each.gone_at is not None:
                return
            if where[3] in self._aws.full:
                raise CloudBusyError("it is not empty")
            self._wrote("delete", each, where, each.tags)
            each.gone_at = self._aws.now() + self._aws.deleting
            self._aws.collect()

        self._write("delete", grant, resource, live.arn, carry_out)

    async def tagged(self, grant: Grant, tags: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        self.lists += 1
        self._fail()
        self._aws.collect()
        shown = {
            each.arn: self._aws.misread.get(each.arn, each.tags)
            for (account, region, _, _), each in sorted(self._aws.stored.items())
            if (account, region) == (grant.account, grant.region)
        }
        return {arn: dict(each) for arn, each in shown.items() if each and tags.items() <= each.items()}

    async def lacking(self, grant: Grant, statements: Sequence[Statement]) -> frozenset[str] | None:
        """See the port."""
        self._fail()
        asked = {action for statement in statements for action in statement.actions}
        return None if self._aws.blind else frozenset(asked & self._aws.lacks)

    def _answer(self, verb: str, grant: Grant, resource: Resource, arn: str) -> None:
        self._fail()
        error = self.refusing(verb, resource)
        if error is not None:
            raise error
        if not grant.covers(resource, arn):
            raise CloudDeniedError("the policy does not cover it", action=f"{resource.service}:{verb}")

    def _fail(self) -> None:
        if self._dead:
            raise Crash
        if self.failing:
            raise self.failing.pop(0)
        self._aws.collect()

    def _write(self, verb: str, grant: Grant, resource: Resource, arn: str, carry_out: Callable[[], None]) -> None:
        self._answer(verb, grant, resource, arn)
        if self._lease is not None and self._lease.remaining() < 2.0:
            raise CloudLeaseLostError("not sent: the lease is over")
        self.writes += 1
        hit = self._fault.kind if self._fault is not None and self._fault.at == self.writes else None
        if hit == "before":
            self._die()
        carry_out()
        if hit == "after":
            self._die()
        if hit == "lost":
            raise CloudUnavailableError("no answer")

    def _die(self) -> None:
        self._dead = True
        raise Crash

    def _find(self, grant: Grant, resource: Resource, arn: str) -> tuple[Where, Stored | None]:
        where = _where(grant, resource)
        if arn:
            for each in self._reachable(grant):
                if self._aws.stored[each].arn == arn:
                    where = each
        return where, self._aws.stored.get(where)

    def _reachable(self, grant: Grant) -> Iterator[Where]:
        return (each for each in self._aws.stored if each[:2] == (grant.account, grant.region))

    def _existing(self, grant: Grant, resource: Resource, live: Live) -> tuple[Where, Stored]:
        where, each = self._find(grant, resource, live.arn)
        if each is None:
            raise CloudUnavailableError("there is none of that name (yet)")
        return where, each

    def _live(self, where: Where, each: Stored) -> Live:
        shown = each.shown if each.shown_until > self._aws.now() else each.settings
        return Live(
            handle=where[3],
            arn=each.arn,
            state=self._state(each),
            settings=dict(shown),
            tags=dict(each.tags) if each.tags is not None else None,
            empty=where[3] not in self._aws.holding | self._aws.full if each.empty is not None else None,
            outputs=dict(each.outputs),
            note=each.failed,
        )

    def _state(self, each: Stored) -> State:
        if each.failed:
            return State.FAILED
        if each.gone_at is not None:
            return State.DELETING
        return State.CREATING if each.active_at > self._aws.now() else State.ACTIVE

    def _wrote(self, verb: str, stored: Stored, where: Where, before: Mapping[str, str] | None) -> None:
        tags = dict(before) if before is not None else None
        self._aws.history.append(Written(verb=verb, arn=stored.arn, name=where[3], before=tags))


def _where(grant: Grant, resource: Resource) -> Where:
    return grant.account, grant.region, resource.kind, resource.name
