"""`trimtab job run`: starts an OnDemand job and tells how it goes."""

import asyncio
import secrets
import time

import click

from trimtab.adapters.kubernetes.client import MERGE_PATCH, ApiClient
from trimtab.adapters.kubernetes.kinds import MICROSERVICE
from trimtab.api.scalars import parse_duration
from trimtab.cli import cluster
from trimtab.domain.objects import Object

ANNOTATION = "trimtab.dev/run-job"
ANSWER = 30.0
"""Seconds within which the operator must have taken notice."""

PAUSE = 0.5


@click.group()
def job() -> None:
    """Deal with a service's jobs."""


@job.command()
@click.argument("microservice")
@click.argument("job_name", metavar="JOB")
@cluster.namespace_option
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the job has ended.")
@click.option("--timeout", default="1h", show_default=True, help="How long to wait, such as 10m.")
def run(microservice: str, job_name: str, namespace: str, wait: bool, timeout: str) -> None:
    """Run the OnDemand job JOB of MICROSERVICE, with its stable revision. Exit status 1 if the job fails."""
    try:
        seconds = parse_duration(timeout).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{timeout!r} is no duration: write it as 10m", param_hint="--timeout") from error
    cluster.run(_run(namespace, microservice, job_name, seconds if wait else None))


async def _run(namespace: str, name: str, job_name: str, patience: float | None) -> None:
    nonce = secrets.token_hex(4)
    value = f"{job_name}/{nonce}"
    async with cluster.client() as api:
        service = await cluster.microservice(api, namespace, name)
        if service["spec"].get("suspend"):
            raise click.ClickException(f"{name} is suspended, and runs no job until spec.suspend is false")
        await api.write(
            "PATCH",
            MICROSERVICE,
            MICROSERVICE.path(namespace, name),
            {"metadata": {"annotations": {ANNOTATION: value}}},
            verb="patch",
            query={"fieldManager": "trimtab-cli"},
            content_type=MERGE_PATCH,
        )
        answer = await _answer(api, namespace, name, value)
        if answer["result"] != "Accepted":
            raise click.ClickException(answer["message"])
        click.echo(answer["message"])
        if patience is not None:
            await _follow(api, namespace, name, job_name, nonce, patience)


async def _answer(api: ApiClient, namespace: str, name: str, value: str) -> Object:
    """What the operator says to the request."""
    deadline = time.monotonic() + ANSWER
    while time.monotonic() < deadline:
        status = (await cluster.microservice(api, namespace, name)).get("status", {})
        verb: Object = status.get("verb") or {}
        if verb.get("value") == value:
            return verb
        await asyncio.sleep(PAUSE)
    raise click.ClickException(f"the operator has not taken notice within {ANSWER:.0f} s: does it run?")


async def _follow(api: ApiClient, namespace: str, name: str, job_name: str, nonce: str, patience: float) -> None:
    """Tells each phase as it is reached."""
    told, deadline = "", time.monotonic() + patience
    while time.monotonic() < deadline:
        status = (await cluster.microservice(api, namespace, name)).get("status", {})
        runs = [each for each in status.get("jobs", ()) if (each["name"], each.get("nonce")) == (job_name, nonce)]
        phase = runs[0]["phase"] if runs else ""
        if phase and phase != told:
            told = phase
            click.echo(phase)
        if phase == "Succeeded":
            return
        if phase == "Failed":
            raise click.ClickException(runs[0].get("message") or f"job {job_name} failed")
        await asyncio.sleep(PAUSE)
    raise click.ClickException(f"job {job_name} has not ended yet; it goes on by itself")
