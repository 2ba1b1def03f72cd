"""Objects of the cluster, read once."""

import asyncio

from trimtab.adapters.kubernetes.connection import default_namespace
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, MICROSERVICE
from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli import cluster
from trimtab.domain.objects import Object


def read(name: str, namespace: str | None) -> Object:
    """A CanaryRelease. Raises click.ClickException if there is none."""
    return cluster.run(_release(namespace or default_namespace(), name))


def services(spec: CanaryReleaseSpec, namespace: str) -> list[Object]:
    """The Microservices that a spec names. Raises click.ClickException if one is missing."""
    return cluster.run(_services(spec, namespace or default_namespace()))


async def _release(namespace: str, name: str) -> Object:
    async with cluster.client() as api:
        return await cluster.read(api, CANARY_RELEASE, namespace, name)


async def _services(spec: CanaryReleaseSpec, namespace: str) -> list[Object]:
    async with cluster.client() as api:
        found = (cluster.read(api, MICROSERVICE, namespace, target.name) for target in spec.targets)
        return list(await asyncio.gather(*found))
