"""A binding's resources in the emulator, kept by the very calls that the operator makes: look, create, change, delete.

It does at once what the protocol does in rounds, so that a test of one service needs nothing of the protocol.
"""

from collections import defaultdict
from dataclasses import replace
from typing import Any

from tests.support.aws import ACCOUNT, REGION, Aws

from trimtab.adapters.aws.services import KINDS
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.domain.binding.services import SERVICES

TAGS = {"trimtab.dev/cluster": "c1", "trimtab.dev/uid": "u1"}


def place(name: str = "orders", **fields: Any) -> Place:
    """A binding of that name in the emulator's account."""
    known: dict[str, Any] = {
        "partition": "aws",
        "account": ACCOUNT,
        "region": REGION,
        "cluster": "c1",
        "prefix": "acme-",
        "namespace": "shop",
        "name": name,
        "uid": "u1",
    }
    return Place(**known | fields)


def differing(resource: Resource, live: Live) -> frozenset[str]:
    """The declared settings that the live resource has otherwise."""
    return frozenset(key for key, value in resource.settings.items() if live.settings[key] != value)


class Account:
    """What one binding makes of the emulator."""

    def __init__(self, aws: Aws, at: Place | None = None) -> None:
        self._aws = aws
        self.place = at or place()

    def client(self, service: str, region: str = REGION) -> Any:
        """boto3's client, past the code under test."""
        return self._aws.client(service, region)

    def resources(self, spec: Any) -> dict[str, Resource]:
        """What the spec asks for, by key."""
        return {each.key: each for each in SERVICES[spec.member].resources(spec, self.place)}

    def look(self, resource: Resource, *, arn: str = "") -> Live | None:
        """The live resource."""
        return KINDS[resource.kind].look(self._client(resource), resource, arn)

    def found(self, resource: Resource) -> Live:
        """The live resource, which must be there."""
        live = self.look(resource)
        assert live is not None, f"no {resource.kind} {resource.name}"
        return live

    def create(self, spec: Any) -> dict[str, Live]:
        """Creates all that is not there yet, changes what differs, and gives back what is there then."""
        for resource in self.resources(spec).values():
            if self.look(resource) is None:
                KINDS[resource.kind].create(self._client(resource), resource, {} if resource.parent else TAGS)
            self.change(resource)
        resources = self.resources(spec)
        self.place = replace(
            self.place,
            recorded={key: each.name for key, each in resources.items() if not each.parent},
            applied={key: frozenset(each.settings) for key, each in resources.items()},
        )
        return {key: self.found(resource) for key, resource in self.resources(spec).items()}

    def create_only(self, resource: Resource, client: Any = None) -> None:
        """Creates it, whatever there is."""
        KINDS[resource.kind].create(client or self._client(resource), resource, TAGS)

    def change(self, resource: Resource) -> list[frozenset[str]]:
        """Changes what differs, group by group. Returns what differed in each."""
        live = self.found(resource)
        groups: dict[str, set[str]] = defaultdict(set)
        for key in differing(resource, live):
            groups[resource.groups.get(key, "")].add(key)
        for group, keys in groups.items():
            settings = {key: value for key, value in resource.settings.items() if resource.groups.get(key, "") == group}
            change = Change(group=group, settings=settings, differing=frozenset(keys))
            KINDS[resource.kind].change(self._client(resource), resource, live, change)
        return [frozenset(keys) for keys in groups.values()]

    def tag(self, resource: Resource, **tags: str) -> None:
        """Sets tags."""
        KINDS[resource.kind].tag(self._client(resource), self.found(resource), tags)

    def untag(self, resource: Resource, *keys: str) -> None:
        """Takes tags away."""
        KINDS[resource.kind].untag(self._client(resource), self.found(resource), keys)

    def delete(self, resource: Resource, live: Live | None = None) -> None:
        """Deletes it."""
        KINDS[resource.kind].delete(self._client(resource), resource, live or self.found(resource))

    def assert_settled(self, spec: Any) -> None:
        """A second look finds nothing that differs."""
        for resource in self.resources(spec).values():
            assert differing(resource, self.found(resource)) == frozenset(), resource.key

    def _client(self, resource: Resource) -> Any:
        return self.client(KINDS[resource.kind].service)
