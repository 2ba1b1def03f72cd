"""How the commands reach the cluster: as the user, with the user's kubeconfig."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click
from kubernetes.aio.config import list_kube_config_contexts

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.connection import UNUSABLE, USER_AGENT, Connection, NoClusterError
from trimtab.adapters.kubernetes.kinds import MICROSERVICE
from trimtab.domain.objects import Object
from trimtab.ports.cluster import ClusterError, KindNotServedError, NotFoundError

T = TypeVar("T")


class _Unleased:
    """A user needs no lease to write."""

    def remaining(self) -> float:
        return float("inf")


@asynccontextmanager
async def client() -> AsyncIterator[ApiClient]:
    """A client with the user's credentials."""
    connection = await Connection.load()
    async with connection.session(user_agent=USER_AGENT.replace("trimtab/", "trimtab-cli/"), limit=4) as session:
        yield ApiClient(session, connection.server, _Unleased())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's work; what the cluster answers becomes a message, not a traceback."""
    try:
        return asyncio.run(work)
    except KindNotServedError as error:
        raise click.ClickException("Trimtab is not installed in this cluster: it has no Microservices") from error
    except (ClusterError, NoClusterError) as error:
        raise click.ClickException(str(error)) from error


async def microservice(api: ApiClient, namespace: str, name: str) -> Object:
    """The Microservice. Raises a ClickException that says where it was looked for."""
    try:
        found: Object = await api.read(MICROSERVICE, MICROSERVICE.path(namespace, name))
    except NotFoundError as error:
        raise click.ClickException(
            f"there is no Microservice {name!r} in namespace {namespace!r}; `kubectl get msvc -A` lists all"
        ) from error
    return found


def default_namespace() -> str:
    """The namespace of the kubeconfig's current context."""
    if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
        return "default"
    try:
        _, active = list_kube_config_contexts()
    except UNUSABLE:
        return "default"
    return str(active["context"].get("namespace") or "default")


namespace_option = click.option(
    "-n", "--namespace", default=default_namespace, help="Namespace; default: that of the kubeconfig's context."
)
