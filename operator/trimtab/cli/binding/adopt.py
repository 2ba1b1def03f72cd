"""`trimtab binding adopt`: has a ServiceBinding take over a resource that exists."""

import re
import sys

import click

from trimtab.adapters.kubernetes.client import MERGE_PATCH, ApiClient
from trimtab.adapters.kubernetes.following import Change, follow
from trimtab.adapters.kubernetes.kinds import SERVICE_BINDING
from trimtab.cli import cluster, waiting
from trimtab.cli.binding.exits import EPILOG, Exit, outcome
from trimtab.domain.objects import Object
from trimtab.domain.status import condition

_ARN = re.compile("arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:.+")


def _arn(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _ARN.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no ARN: write it as arn:aws:sqs:eu-central-1:123456789012:orders")
    return value


@click.command(epilog=EPILOG, short_help="Let a ServiceBinding take over a resource that exists.")
@click.argument("name")
@click.argument("arn", callback=_arn)
@cluster.namespace_option
@click.option("--timeout", default="5m", type=waiting.Duration(), show_default=True, help="How long to wait.")
def adopt(name: str, arn: str, namespace: str, timeout: float) -> None:
    """Let the ServiceBinding NAME take over the resource ARN, as its BindingPolicy's `adoptable` admits.

    It sets spec.adopt: write that into the manifest in Git, too. From then on the resource has the settings of the spec
    and the tags of this ServiceBinding; other settings and tags stay as they are.
    """
    sys.exit(cluster.run(_adopt(namespace, name, arn, timeout)))


async def _adopt(namespace: str, name: str, arn: str, patience: float) -> Exit:
    async with cluster.client() as api:
        before = await cluster.read(api, SERVICE_BINDING, namespace, name)
        had = (before.get("status") or {}).get("arn", "")
        if had and had != arn:
            click.echo(f"{name} has {had} already: make a new ServiceBinding to take over {arn}", err=True)
            return Exit.REFUSED
        generation = await _set(api, namespace, name, arn)
        found = await waiting.first(
            follow(api, SERVICE_BINDING, namespace, name), lambda change: _over(change, generation), patience
        )
    if found is None:
        click.echo(f"{name} is not bound yet; `trimtab binding status {name} -n {namespace}` says why", err=True)
        return Exit.UNFINISHED
    result = outcome(found)
    click.echo(_told(found, arn), err=result is not Exit.BOUND)
    return result


async def _set(api: ApiClient, namespace: str, name: str, arn: str) -> int:
    """The generation from which on the spec says so."""
    path, query = SERVICE_BINDING.path(namespace, name), {"fieldManager": "trimtab-cli"}
    body = {"spec": {"adopt": arn}}
    changed = await api.write("PATCH", SERVICE_BINDING, path, body, verb="patch", query=query, content_type=MERGE_PATCH)
    return int(changed["metadata"]["generation"])


def _over(change: Change, generation: int) -> Object | None:
    found = change.found
    if found is None:
        raise click.ClickException("the ServiceBinding was deleted meanwhile")
    new = found["metadata"]["generation"] >= generation
    return found if new and outcome(found) is not Exit.UNFINISHED else None


def _told(binding: Object, arn: str) -> str:
    if outcome(binding) is Exit.BOUND:
        return f"{binding['metadata']['name']} has {arn}; write `adopt: {arn}` into its manifest, too"
    ready = condition(binding["status"], "Ready")
    return f"{ready['reason']}: {ready.get('message', '')}"
