"""`trimtab platform`: moves services to the operator's present proxy, when and as fast as somebody wants it."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

import click

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.following import Change, follow
from trimtab.adapters.kubernetes.kinds import MICROSERVICE
from trimtab.cli import cluster, waiting
from trimtab.cli.release.exits import Exit
from trimtab.domain import labels
from trimtab.domain.objects import Object

EPILOG = (
    "Exit status: 0 all services are on the present platform; 1 error; 2 wrong usage; 3 the new revision of a service "
    "was not let through, and no further service was begun; 5 not over within the time given."
)


@click.group()
def platform() -> None:
    """Deal with what the operator adds to pods: the proxy."""


@platform.command(epilog=EPILOG)
@cluster.namespace_option
@click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces instead of one.")
@click.option("--max-parallel", default=1, type=click.IntRange(1, 100), show_default=True, help="Services at a time.")
@click.option("--timeout", default="24h", type=waiting.Duration(), show_default=True, help="How long to wait.")
@click.option("--dry-run", is_flag=True, help="Only name the services that would be moved.")
def upgrade(namespace: str, all_namespaces: bool, max_parallel: int, timeout: float, dry_run: bool) -> None:
    """Move services to the operator's present platform version, each by its own release policy.

    A changed proxy image restarts no pod by itself. This command makes a new revision of each service that still has an
    older one, a few at a time, and waits for it. It begins no further one as soon as one was not let through.
    """
    work = _upgrade("" if all_namespaces else namespace, max_parallel, timeout, dry_run=dry_run)
    sys.exit(cluster.run(work))


async def _upgrade(namespace: str, parallel: int, patience: float, *, dry_run: bool) -> Exit:
    async with cluster.client() as api:
        listed = await api.read(MICROSERVICE, MICROSERVICE.path(namespace), verb="list")
        upgrades = Upgrades(outdated(listed["items"]), parallel)
        if not upgrades.waiting:
            click.echo("all services are on the present platform version")
        elif dry_run:
            for move in upgrades.waiting:
                click.echo(f"{move}  would move to {move.version}")
        elif not await _carry_out(api, namespace, upgrades, patience):
            click.echo(f"not over yet: {', '.join(map(str, upgrades.under_way.values()))}", err=True)
            return Exit.UNFINISHED
        return upgrades.result()


async def _carry_out(api: ApiClient, namespace: str, upgrades: "Upgrades", patience: float) -> bool:
    """Returns whether it came to its end in time."""
    try:
        async with asyncio.timeout(patience), aclosing(follow(api, MICROSERVICE, namespace)) as changes:  # type: ignore[type-var]
            await _begin(api, upgrades)
            async for change in changes:
                if words := upgrades.seen(change):
                    click.echo(f"{change.namespace}/{change.name}  {words}")
                    await _begin(api, upgrades)
                if upgrades.over:
                    break
    except TimeoutError:
        return False
    return True


async def _begin(api: ApiClient, upgrades: "Upgrades") -> None:
    for move in upgrades.begin():
        click.echo(f"{move}  moves to {move.version}")
        await cluster.annotate(api, MICROSERVICE, move.namespace, move.name, labels.PLATFORM, move.version)


class Move(NamedTuple):
    """One service that is to move from the platform of `revision` to `version`."""

    namespace: str
    name: str
    revision: str
    version: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def outdated(services: Iterable[Object]) -> list[Move]:
    """The services whose pods have an older platform than the operator offers."""
    found = []
    for service in services:
        status, metadata = service.get("status") or {}, service["metadata"]
        parts = status.get("platform") or {}
        if parts.get("available") and parts["available"] != parts.get("version"):
            revision = status.get("revision", "")
            found.append(Move(metadata["namespace"], metadata["name"], revision, parts["available"]))
    return found


@dataclass(slots=True)
class Upgrades:
    """Which services wait for their turn, are under way, and were not let through."""

    waiting: list[Move]
    parallel: int
    under_way: dict[tuple[str, str], Move] = field(default_factory=dict)
    rejected: bool = False

    @property
    def over(self) -> bool:
        """Nothing is under way, and nothing more will be begun."""
        return not self.under_way and (not self.waiting or self.rejected)

    def begin(self) -> Iterator[Move]:
        """Takes services off the waiting list, as many as may be under way beside the present ones."""
        while self.waiting and not self.rejected and len(self.under_way) < self.parallel:
            move = self.waiting.pop(0)
            self.under_way[move.namespace, move.name] = move
            yield move

    def seen(self, change: Change) -> str:
        """What has become of a service under way; empty while that is open."""
        key = (change.namespace, change.name)
        words = _end(change.found, self.under_way[key]) if key in self.under_way else ""
        if words:
            del self.under_way[key]
            self.rejected |= words == REJECTED
        return words

    def result(self) -> Exit:
        """The exit code once it is over."""
        if not self.rejected:
            return Exit.DONE
        for move in self.waiting:
            click.echo(f"{move}  not begun", err=True)
        return Exit.REJECTED


DONE, GONE, REJECTED = "done", "deleted meanwhile", "not let through"


def _end(service: Object | None, move: Move) -> str:
    """What stands of another revision than that which the service had is about the new one."""
    if service is None:
        return GONE
    status = service.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    if status.get("revision") == move.revision:
        return ""
    if conditions.get("Released", {}).get("reason") == "RevisionRejected":
        return REJECTED
    moved = status.get("revision") == status.get("stableRevision")
    return DONE if moved and conditions.get("Ready", {}).get("status") == "True" else ""
