"""`trimtab status`: one service at a glance."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import click

from trimtab.adapters.kubernetes.kinds import MICROSERVICE, POD
from trimtab.cli import cluster
from trimtab.cli.tree import render
from trimtab.domain.objects import Object


@click.command()
@click.argument("name")
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["tree", "json"]), default="tree", show_default=True)
def status(name: str, namespace: str, output: str) -> None:
    """Show how the Microservice NAME is: conditions, what it waits for, and what belongs to it."""
    resource, pods = cluster.run(_read(namespace, name))
    if output == "json":
        click.echo(json.dumps(_summary(resource, pods), indent=2))
        return
    for line in render(resource, pods, datetime.now(UTC)):
        click.echo(line)


async def _read(namespace: str, name: str) -> tuple[Object, list[Object]]:
    query = {"labelSelector": f"trimtab.dev/microservice={name}"}
    async with cluster.client() as api:
        resource, pods = await asyncio.gather(
            cluster.read(api, MICROSERVICE, namespace, name),
            api.read(POD, POD.path(namespace), verb="list", query=query),
        )
    return resource, pods["items"]


def _summary(resource: Object, pods: list[Object]) -> dict[str, Any]:
    metadata = resource["metadata"]
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "image": resource["spec"].get("image"),
        "status": resource.get("status", {}),
        "pods": [{"name": pod["metadata"]["name"], "status": pod.get("status", {})} for pod in pods],
    }
