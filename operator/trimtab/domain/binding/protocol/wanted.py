"""Which external resources a ServiceBinding has: those that its spec declares, and those that it declared once."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from trimtab.api.backing import MEMBERS
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.place import Place, Sender
from trimtab.domain.binding.record import recorded
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target
from trimtab.domain.binding.services import SERVICES
from trimtab.domain.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`resources` are declared, in the order of creation; `surplus` is recorded and not declared any more.

    `main` is the key of the resource that status.arn and spec.adopt are about. `awaited` are bindings that this one
    delivers to and that are not there yet: then nothing is known to be wanted.
    """

    place: Place
    grant: Grant
    resources: tuple[Resource, ...] = ()
    surplus: tuple[Resource, ...] = ()
    main: str = ""
    awaited: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Resource, ...]:
        """What has to be looked at."""
        return (*self.resources, *self.surplus)


def wanted(observation: Observation, grant: Grant) -> Wanted:
    """What the binding has where the grant leads."""
    place = _place(observation, grant)
    targets = observation.spec.backing.targets
    awaited = tuple(name for name in targets if name not in place.targets)
    if awaited:
        return Wanted(place=place, grant=grant, surplus=tuple(_once(observation, ())), awaited=awaited)
    declared = SERVICES[observation.spec.member].resources(observation.spec.backing, place)
    main = main_of(declared)
    if grant.adopted:
        place = replace(place, recorded={**place.recorded, main: name_in(grant.adopted)})
        declared = SERVICES[observation.spec.member].resources(observation.spec.backing, place)
    keys = {resource.key for resource in declared}
    return Wanted(
        place=place,
        grant=grant,
        resources=declared,
        surplus=tuple(_once(observation, keys)),
        main=main,
    )


def rights(observation: Observation, grant: Grant, live: Mapping[str, Live]) -> tuple[Statement, ...]:
    """What workloads may do with the resources, all of which are there."""
    spec, place = observation.spec, wanted(observation, grant).place
    return SERVICES[spec.member].statements(spec.backing, place, live, spec.access)


def _once(observation: Observation, declared: Collection[str]) -> Iterator[Resource]:
    """What is recorded and not declared. A service keeps nothing of another: such a record is none of ours."""
    for key, record in recorded(observation.status).items():
        resource = record.resource()
        if key not in declared and resource.service == observation.spec.member:
            yield resource


def main_of(resources: tuple[Resource, ...]) -> str:
    """The key of the last resource that is no part of another."""
    return next((each.key for each in reversed(resources) if not each.parent), "")


def name_in(arn: str) -> str:
    """The name of a resource as its ARN has it."""
    return re.split("[:/]", arn.split(":", 5)[-1])[-1]


def _place(observation: Observation, grant: Grant) -> Place:
    owner, records = observation.owner, recorded(observation.status)
    return Place(
        partition=grant.partition,
        account=grant.account,
        region=grant.region,
        cluster=owner.cluster,
        prefix=grant.prefix,
        namespace=owner.namespace,
        name=owner.name,
        uid=owner.uid,
        recorded={key: record.name for key, record in records.items() if not record.parent},
        applied={key: frozenset(record.applied) for key, record in records.items()},
        protected=observation.spec.deletion_protection,
        targets=dict(_targets(observation, grant)),
        senders=tuple(sorted(_senders(observation), key=lambda sender: sender.arn)),
    )


def neighbours(observation: Observation, grant: Grant) -> str:
    """What it depends on of other bindings, as a text that changes with it."""
    return repr((sorted(_targets(observation, grant)), sorted(map(str, _senders(observation)))))


def targets_of(observation: Observation) -> dict[str, Target]:
    """What the bindings that it delivers to ask for, by name; without those that do not exist or ask for nothing."""
    names = observation.spec.backing.targets
    specs = {each["metadata"]["name"]: each.get("spec") or {} for each in observation.others}
    return {
        name: Target(member=member, fifo=bool((specs[name][member] or {}).get("fifo")))
        for name in names
        for member in MEMBERS
        if member in specs.get(name, ())
    }


def _targets(observation: Observation, grant: Grant) -> Iterator[tuple[str, str]]:
    names = observation.spec.backing.targets
    for other in observation.others:
        arn = str((other.get("status") or {}).get("arn", ""))
        place = [*arn.split(":"), "", "", "", "", ""][3:5]
        if other["metadata"]["name"] in names and arn and place == [grant.region, grant.account]:
            yield other["metadata"]["name"], arn


def _senders(observation: Observation) -> Iterator[Sender]:
    """A binding that is being deleted sends nothing any more."""
    for other in observation.others:
        arn = str((other.get("status") or {}).get("arn", ""))
        if not arn or "deletionTimestamp" in other["metadata"]:
            continue
        principal = _sends_to(other, observation.owner.name)
        if principal:
            yield Sender(principal=principal, arn=arn)


def delivering(observation: Observation) -> tuple[str, ...]:
    """The bindings that deliver to this one, as `ServiceBinding/events`: they would lose what they send."""
    name = observation.owner.name
    live = (other for other in observation.others if "deletionTimestamp" not in other["metadata"])
    return tuple(f"ServiceBinding/{other['metadata']['name']}" for other in live if _sends_to(other, name))


def _sends_to(other: Object, name: str) -> str:
    spec: Mapping[str, Any] = other.get("spec") or {}
    for member, model in MEMBERS.items():
        if model.sender and member in spec:
            try:
                return model.sender if name in model.model_validate(spec[member]).targets else ""
            except ValidationError:
                return ""
    return ""
