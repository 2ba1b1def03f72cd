"""`trimtab job run`: starts an OnDemand job and tells how it goes."""

import secrets

import click

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.following import Change, follow
from trimtab.adapters.kubernetes.kinds import MICROSERVICE
from trimtab.cli import cluster, waiting
from trimtab.domain import labels
from trimtab.domain.objects import Object


@click.group()
def job() -> None:
    """Deal with a service's jobs."""


@job.command()
@click.argument("microservice")
@click.argument("job_name", metavar="JOB")
@cluster.namespace_option
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the job has ended.")
@click.option("--timeout", default="1h", type=waiting.Duration(), show_default=True, help="How long to wait.")
def run(microservice: str, job_name: str, namespace: str, wait: bool, timeout: float) -> None:
    """Run the OnDemand job JOB of MICROSERVICE, with its stable revision. Exit status 1 if the job fails."""
    cluster.run(_run(namespace, microservice, job_name, timeout if wait else None))


async def _run(namespace: str, name: str, job_name: str, patience: float | None) -> None:
    nonce = secrets.token_hex(4)
    value = f"{job_name}/{nonce}"
    async with cluster.client() as api:
        service = await cluster.read(api, MICROSERVICE, namespace, name)
        if service["spec"].get("suspend"):
            raise click.ClickException(f"{name} is suspended, and runs no job until spec.suspend is false")
        await cluster.annotate(api, MICROSERVICE, namespace, name, labels.RUN_JOB, value)
        answer = await waiting.first(
            follow(api, MICROSERVICE, namespace, name),
            lambda change: waiting.answer(_status(change).get("verb"), value),
            waiting.ANSWER,
        )
        if answer is None:
            raise click.ClickException(waiting.SILENT)
        if answer["result"] != "Accepted":
            raise click.ClickException(answer["message"])
        click.echo(answer["message"])
        if patience is not None:
            await _follow(api, namespace, name, job_name, nonce, patience)


async def _follow(api: ApiClient, namespace: str, name: str, job_name: str, nonce: str, patience: float) -> None:
    """Tells each phase as it is reached."""
    told = ""

    def ended(change: Change) -> Object | None:
        nonlocal told
        runs = (run for run in _status(change).get("jobs") or () if run["name"] == job_name)
        record: Object | None = next((run for run in runs if run.get("nonce") == nonce), None)
        if record is not None and record["phase"] != told:
            told = record["phase"]
            click.echo(told)
        return record if told in ("Succeeded", "Failed") else None

    record = await waiting.first(follow(api, MICROSERVICE, namespace, name), ended, patience)
    if record is None:
        raise click.ClickException(f"job {job_name} has not ended yet; it goes on by itself")
    if record["phase"] == "Failed":
        raise click.ClickException(record.get("message") or f"job {job_name} failed")


def _status(change: Change) -> Object:
    return (change.found or {}).get("status") or {}
