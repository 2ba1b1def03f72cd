"""What the decisions about single resources share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.domain.binding import ownership
from trimtab.domain.binding.observation import Observation, Trouble
from trimtab.domain.binding.protocol import drift
from trimtab.domain.binding.protocol.claim import Claim, claim
from trimtab.domain.binding.protocol.decision import Action, Finding
from trimtab.domain.binding.protocol.deletion import tagged
from trimtab.domain.binding.protocol.drift import Drift, Spot
from trimtab.domain.binding.protocol.wanted import Wanted
from trimtab.domain.binding.record import Record, recorded
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.plan import Event

SHORTEST, LONGEST = 2.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One round: what was observed and wanted, and what status remembers."""

    observation: Observation
    wanted: Wanted
    now: datetime
    records: dict[str, Record]
    drifts: dict[Spot, Drift]

    def claim(self, resource: Resource, live: Live) -> Claim:
        """Whose a resource is that is no part of another."""
        observation, record = self.observation, self.records.get(resource.key)
        begun = record is not None and record.intent is not None and record.intent.verb == "Create"
        return claim(
            live.tags or {},
            observation.owner,
            live=[other["metadata"]["uid"] for other in observation.others],
            adopted=resource.key == self.wanted.main and live.arn == observation.spec.adopt,
            begun=resource.late_tags and begun and not self.is_recent(resource, "exists"),
            attached=record is not None and bool(record.arn) and record.owner in ("", observation.owner.uid),
        )

    def is_recent(self, resource: Resource, token: str) -> bool:
        """Whether such a write was answered so lately that a look need not show it yet."""
        return (resource.key, token) in self.observation.recent

    def tags(self, resource: Resource) -> dict[str, str]:
        """All tags of ours on a resource."""
        observation = self.observation
        return {
            **observation.owner.tags(),
            ownership.KIND: resource.kind,
            ownership.KEY: resource.key,
            ownership.DELETION_POLICY: tagged(observation.spec, self.wanted.grant, resource),
        }

    def pace(self, resource: Resource) -> float:
        """Seconds until the next look at what AWS works on: the longer it takes, the rarer."""
        record = self.records.get(resource.key)
        age = record.intent.age(self.now) if record is not None and record.intent is not None else 0.0
        return min(LONGEST, max(SHORTEST, age / 4))


def scene(observation: Observation, wanted: Wanted, now: datetime) -> Scene:
    """A round. A new spec or nonce ends every fight about settings."""
    return Scene(
        observation=observation,
        wanted=wanted,
        now=now,
        records=recorded(observation.status),
        drifts=drift.recorded(observation.status) if observation.heeded else {},
    )


def told(resource: Resource, trouble: Trouble) -> Finding:
    """A trouble with one resource."""
    after = None if trouble.stalled else trouble.after
    return Finding(kind=resource.kind, name=resource.name, reason=trouble.reason, message=trouble.message, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands with one resource. `record` is None once nothing of it is to be remembered any more.

    `ours`: it exists and is ours; `usable`: AWS is done making it, too. `action`s are what is to be done about it.
    """

    record: Record | None
    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()
    drifts: tuple[Drift, ...] = ()
    drifted: tuple[Drift, ...] = ()
    ours: bool = False
    usable: bool = False
    kept: bool = False
    live: Live | None = field(default=None, repr=False)


def records_of(standings: dict[str, Standing]) -> Iterator[Record]:
    """What is to be remembered, in order."""
    return (standing.record for standing in standings.values() if standing.record is not None)
