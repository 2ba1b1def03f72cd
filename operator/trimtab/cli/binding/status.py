"""`trimtab binding status`: one ServiceBinding at a glance, or all of a namespace."""

import json
import sys
from datetime import UTC, datetime

import click

from trimtab.adapters.kubernetes.following import Change, follow
from trimtab.adapters.kubernetes.kinds import SERVICE_BINDING
from trimtab.cli import cluster, waiting
from trimtab.cli.binding.drawing import table, tree
from trimtab.cli.binding.exits import EPILOG, Exit, outcome
from trimtab.cli.binding.picture import Picture, picture
from trimtab.domain.objects import Object


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["tree", "json"]), default="tree", show_default=True)
@click.option("--wait", is_flag=True, help="Wait until NAME is bound, or refused; for pipelines.")
@click.option("--timeout", default="30m", type=waiting.Duration(), show_default=True, help="How long to wait.")
def status(name: str | None, namespace: str, output: str, wait: bool, timeout: float) -> None:
    """Show the ServiceBinding NAME: its resources, drift, who uses it, and what to do next; without NAME, all."""
    if name is None:
        if wait:
            raise click.UsageError("--wait needs NAME")
        sys.exit(_show_all(cluster.run(_all(namespace)), namespace, output))
    found = cluster.run(_one(namespace, name, timeout if wait else None))
    if output == "json":
        click.echo(json.dumps(found.summary(), indent=2))
    else:
        click.echo("\n".join(tree(found, datetime.now(UTC))))
    sys.exit(found.outcome)


def _show_all(bindings: list[Object], namespace: str, output: str) -> Exit:
    """The worst of their outcomes."""
    if output == "json":
        rows = [{"name": each["metadata"]["name"], "status": each.get("status") or {}} for each in bindings]
        click.echo(json.dumps(rows, indent=2))
    elif bindings:
        click.echo("\n".join(table(bindings)))
    else:
        click.echo(f"there are no ServiceBindings in namespace {namespace!r}", err=True)
    found = {outcome(each) for each in bindings}
    return next((each for each in (Exit.REFUSED, Exit.UNFINISHED) if each in found), Exit.BOUND)


async def _all(namespace: str) -> list[Object]:
    async with cluster.client() as api:
        found = await api.read(SERVICE_BINDING, SERVICE_BINDING.path(namespace), verb="list")
    return sorted(found["items"], key=lambda each: str(each["metadata"]["name"]))


async def _one(namespace: str, name: str, patience: float | None) -> Picture:
    def over(change: Change) -> bool | None:
        return True if change.found is None or outcome(change.found) is not Exit.UNFINISHED else None

    async with cluster.client() as api:
        if patience is not None:
            await waiting.first(follow(api, SERVICE_BINDING, namespace, name), over, patience)
        return await picture(api, namespace, name)
