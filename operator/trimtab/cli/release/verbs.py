"""Verbs: a request to the operator by annotation, and its answer in the status."""

import secrets

import click

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.following import Change, follow
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, MICROSERVICE, Kind
from trimtab.cli import cluster, waiting
from trimtab.cli.release.exits import Exit
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.ports.cluster import NotFoundError


async def say(api: ApiClient, namespace: str, name: str, verb: str) -> Exit:
    """Says a verb about the release that there is now, and prints the operator's answer."""
    release = await cluster.read(api, CANARY_RELEASE, namespace, name)
    release_id = (release.get("status") or {}).get("releaseID")
    if not release_id:
        click.echo(f"{name} has released nothing yet, so there is nothing to {verb}", err=True)
        return Exit.REFUSED
    return await _ask(api, CANARY_RELEASE, namespace, name, f"{verb}/{release_id}")


async def retry(api: ApiClient, namespace: str, name: str) -> Exit:
    """Says `retry`: to the CanaryRelease, or to the Microservice of that name once its CanaryRelease is gone."""
    try:
        await api.read(CANARY_RELEASE, CANARY_RELEASE.path(namespace, name))
    except NotFoundError as error:
        rejected = await _rejected(api, namespace, name)
        if rejected is None:
            raise cluster.missing(CANARY_RELEASE, namespace, name) from error
        return await _ask(api, MICROSERVICE, namespace, name, f"retry/{rejected}")
    return await say(api, namespace, name, "retry")


async def _rejected(api: ApiClient, namespace: str, name: str) -> str | None:
    """The revision that the Microservice of that name is kept from, if there is one."""
    try:
        service: Object = await api.read(MICROSERVICE, MICROSERVICE.path(namespace, name))
    except NotFoundError:
        return None
    status = service.get("status") or {}
    rejected = (each for each in status.get("rejectedRevisions") or () if not each.get("lifted"))
    return next((each["revision"] for each in rejected if each["revision"] == status.get("revision")), None)


async def _ask(api: ApiClient, kind: Kind, namespace: str, name: str, request: str) -> Exit:
    value = f"{request}/{secrets.token_hex(4)}"
    await cluster.annotate(api, kind, namespace, name, labels.RELEASE, value)

    def answered(change: Change) -> Object | None:
        status = (change.found or {}).get("status") or {}
        verbs = (status.get("verb"), (status.get("release") or {}).get("verb"))
        return next((verb for verb in verbs if waiting.answer(verb, value)), None)

    answer = await waiting.first(follow(api, kind, namespace, name), answered, waiting.ANSWER)
    if answer is None:
        click.echo(waiting.SILENT, err=True)
        return Exit.UNFINISHED
    accepted = answer["result"] == "Accepted"
    click.echo(answer.get("message") or answer["result"], err=not accepted)
    return Exit.DONE if accepted else Exit.REFUSED
