"""A ServiceBinding and what is around it in the cluster, as far as whoever asks may see it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import CHILDREN, MICROSERVICE, POD, SERVICE_BINDING, Kind
from trimtab.cli import cluster
from trimtab.cli.binding.exits import Exit, outcome
from trimtab.domain.binding.users import is_live, secrets_in
from trimtab.domain.binding.workload import binds, secret_of
from trimtab.domain.objects import Object
from trimtab.ports.cluster import DeniedError

_USERS = (*(kind for kind in CHILDREN if kind.kind in ("CronJob", "Deployment", "Job")), POD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`workloads` are names of Microservices that it is for; `users` are what refers to its Secret, as `Pod/name`.

    `hidden` are kinds that whoever asks may not list.
    """

    binding: Object
    workloads: tuple[str, ...]
    users: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def outcome(self) -> Exit:
        """What the operator says about it."""
        return outcome(self.binding)

    def summary(self) -> dict[str, Any]:
        """The same for programs."""
        metadata = self.binding["metadata"]
        return {
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "outcome": self.outcome.name.capitalize(),
            "status": self.binding.get("status") or {},
            "workloads": list(self.workloads),
            "users": list(self.users),
        }


async def picture(api: ApiClient, namespace: str, name: str) -> Picture:
    """Reads it. Raises ClusterError, and click.ClickException if there is no such ServiceBinding."""
    binding = await cluster.read(api, SERVICE_BINDING, namespace, name)
    listed = await asyncio.gather(*(_listed(api, kind, namespace) for kind in (MICROSERVICE, *_USERS)))
    services, others = listed[0], [each for found in listed[1:] for each in found or ()]
    secret = secret_of(binding)
    return Picture(
        binding=binding,
        workloads=tuple(_bound(binding, services or [])),
        users=tuple(f"{each['kind']}/{each['metadata']['name']}" for each in others if _uses(each, secret)),
        hidden=tuple(kind.kind for kind, found in zip((MICROSERVICE, *_USERS), listed, strict=True) if found is None),
    )


async def _listed(api: ApiClient, kind: Kind, namespace: str) -> list[Object] | None:
    """The objects of a kind; None if one may not list them."""
    try:
        found = await api.read(kind, kind.path(namespace), verb="list")
    except DeniedError:
        return None
    return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in found["items"]]


def _bound(binding: Object, services: list[Object]) -> Iterator[str]:
    for service in services:
        metadata = service["metadata"]
        if binds(binding, metadata["name"], metadata.get("labels") or {}):
            yield metadata["name"]


def _uses(obj: Object, secret: str) -> bool:
    return is_live(obj) and secret in secrets_in(obj)
