"""`trimtab release`: the commands."""

import json
import sys
import time

import click

from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE
from trimtab.cli import cluster, waiting
from trimtab.cli.release import verbs
from trimtab.cli.release.drawing import draw
from trimtab.cli.release.exits import EPILOG, Exit
from trimtab.cli.release.following import Follower, MissingError, following
from trimtab.cli.release.history import history_lines
from trimtab.cli.release.picture import Picture
from trimtab.cli.release.showing import Screen, screen, utc_now
from trimtab.domain.objects import Object

FIRST = 10.0
"""Seconds within which a cluster that answers at all has answered."""

INTERRUPTED = 130
"""What shells make of Ctrl-C."""

_name = click.argument("name")


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--wait", is_flag=True, help="Wait silently for the outcome of the newest change; for pipelines.")
@click.option("--timeout", default="1h", type=waiting.Duration(), show_default=True, help="How long to wait.")
def status(name: str, namespace: str, output: str, wait: bool, timeout: float) -> None:
    """Show the release once. With --wait the exit status tells the outcome."""
    picture = cluster.run(_look(namespace, name, timeout if wait else None))
    if output == "json":
        click.echo(json.dumps(picture.summary(), indent=2))
    else:
        click.echo("\n".join(draw(picture, utc_now())))
    outcome = picture.outcome()
    if wait:
        sys.exit(Exit.UNFINISHED if outcome is None else outcome)


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["auto", "lines", "json"]), default="auto", show_default=True)
@click.option("--timeout", default="24h", type=waiting.Duration(), show_default=True, help="How long to watch.")
def watch(name: str, namespace: str, output: str, timeout: float) -> None:
    """Watch the release until its outcome: drawn live on a terminal, elsewhere a line for each change."""
    try:
        sys.exit(cluster.run(_watch(namespace, name, screen(output), timeout)))
    except KeyboardInterrupt:  # click would say "Aborted!", which the release is not
        sys.exit(INTERRUPTED)


@click.command()
@_name
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def history(name: str, namespace: str, output: str) -> None:
    """Show the last ten releases, newest first."""
    picture = Picture(release=cluster.run(_read(namespace, name)))
    if output == "json":
        click.echo(json.dumps(picture.status.get("history") or [], indent=2))
        return
    for line in history_lines(picture, utc_now()):
        click.echo(line)


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
def pause(name: str, namespace: str) -> None:
    """Hold the release where it is until `resume`."""
    _say(namespace, name, "pause")


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
def resume(name: str, namespace: str) -> None:
    """Let a paused release go on."""
    _say(namespace, name, "resume")


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
def abort(name: str, namespace: str) -> None:
    """Send all traffic back to the stable revision, and reject the new one."""
    _say(namespace, name, "abort")


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
@click.option("--full", is_flag=True, help="Go to 100% at once, without further judgement.")
def promote(name: str, namespace: str, full: bool) -> None:
    """Grant the approval that the current step waits for."""
    _say(namespace, name, "promote-full" if full else "promote")


@click.command(epilog=EPILOG)
@_name
@cluster.namespace_option
def retry(name: str, namespace: str) -> None:
    """Release the rejected revision once more."""
    sys.exit(cluster.run(_retry(namespace, name)))


def _say(namespace: str, name: str, verb: str) -> None:
    sys.exit(cluster.run(_ask(namespace, name, verb)))


async def _ask(namespace: str, name: str, verb: str) -> Exit:
    async with cluster.client() as api:
        return await verbs.say(api, namespace, name, verb)


async def _retry(namespace: str, name: str) -> Exit:
    async with cluster.client() as api:
        return await verbs.retry(api, namespace, name)


async def _read(namespace: str, name: str) -> Object:
    async with cluster.client() as api:
        return await cluster.read(api, CANARY_RELEASE, namespace, name)


async def _look(namespace: str, name: str, patience: float | None) -> Picture:
    """The picture as it is now; with `patience`, that of the outcome or the last one within that time."""
    deadline = time.monotonic() + (patience or 0.0)
    async with cluster.client() as api, following(api, namespace, name) as follower:
        picture = await _first(follower, namespace, name)
        while picture.outcome() is None and (left := deadline - time.monotonic()) > 0:
            picture = await _next(follower, namespace, name, left) or picture
        return picture


async def _watch(namespace: str, name: str, shown: Screen, patience: float) -> Exit:
    deadline = time.monotonic() + patience
    async with cluster.client() as api, following(api, namespace, name) as follower:
        picture = await _first(follower, namespace, name)
        while True:
            shown.show(picture, utc_now())
            if (outcome := picture.outcome()) is not None:
                return outcome
            left = deadline - time.monotonic()
            if left <= 0:
                return Exit.UNFINISHED
            wait = left if shown.tick is None else min(left, shown.tick)
            picture = await _next(follower, namespace, name, wait) or picture


async def _first(follower: Follower, namespace: str, name: str) -> Picture:
    picture = await _next(follower, namespace, name, FIRST)
    if picture is None:
        raise click.ClickException(f"the API server has not answered within {FIRST:.0f} s")
    return picture


async def _next(follower: Follower, namespace: str, name: str, seconds: float) -> Picture | None:
    try:
        return await follower.next(seconds)
    except MissingError as error:
        raise cluster.missing(CANARY_RELEASE, namespace, name) from error
