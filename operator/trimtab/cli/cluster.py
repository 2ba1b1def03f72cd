"""How the commands reach the cluster: as the user, with the user's kubeconfig."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click

from trimtab.adapters.kubernetes.client import MERGE_PATCH, ApiClient
from trimtab.adapters.kubernetes.connection import USER_AGENT, Connection, NoClusterError, default_namespace
from trimtab.adapters.kubernetes.kinds import Kind
from trimtab.domain.objects import Object
from trimtab.ports.cluster import ClusterError, KindNotServedError, NotFoundError

T = TypeVar("T")
CONNECTIONS = 16
"""Each watch keeps one; a release has at most nine."""


class Unleased:
    """A user needs no lease to write."""

    def remaining(self) -> float:
        """See trimtab.ports.lease."""
        return float("inf")


@asynccontextmanager
async def client() -> AsyncIterator[ApiClient]:
    """A client with the user's credentials."""
    connection = await Connection.load()
    agent = USER_AGENT.replace("trimtab/", "trimtab-cli/")
    async with connection.session(user_agent=agent, limit=CONNECTIONS) as session:
        yield ApiClient(session, connection.server, Unleased())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's work; what the cluster answers becomes a message, not a traceback."""
    try:
        return asyncio.run(work)
    except KindNotServedError as error:
        raise click.ClickException("Trimtab is not installed in this cluster: its kinds are not served") from error
    except (ClusterError, NoClusterError) as error:
        raise click.ClickException(str(error)) from error


async def read(api: ApiClient, kind: Kind, namespace: str, name: str) -> Object:
    """One object of a user's. Raises a ClickException that says where it was looked for."""
    try:
        found: Object = await api.read(kind, kind.path(namespace, name))
    except NotFoundError as error:
        raise missing(kind, namespace, name) from error
    return found


def missing(kind: Kind, namespace: str, name: str) -> click.ClickException:
    """What to say if there is no such object."""
    return click.ClickException(
        f"there is no {kind.kind} {name!r} in namespace {namespace!r}; `kubectl get {kind.plural} -A` lists all"
    )


async def annotate(api: ApiClient, kind: Kind, namespace: str, name: str, annotation: str, value: str) -> None:
    """Asks the operator for something: sets one annotation and touches nothing else."""
    await api.write(
        "PATCH",
        kind,
        kind.path(namespace, name),
        {"metadata": {"annotations": {annotation: value}}},
        verb="patch",
        query={"fieldManager": "trimtab-cli"},
        content_type=MERGE_PATCH,
    )


namespace_option = click.option(
    "-n", "--namespace", default=default_namespace, help="Namespace; default: that of the kubeconfig's context."
)
