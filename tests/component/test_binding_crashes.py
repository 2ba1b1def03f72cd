"""The operator is killed around any write of a binding's life, and what exists in the end is as it would have been."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.component.binding_world import (
    ACCOUNT,
    BINDING,
    POLICY,
    QUEUE,
    REGION,
    WITH_LETTERS,
    BindingWorld,
    binding,
)

from trimtab.adapters.memory.cloud import arn_of
from trimtab.adapters.memory.cluster import Fault
from trimtab.domain.binding.ownership import UID

LEGACY = arn_of(ACCOUNT, REGION, "sqs/queue", "legacy-orders")
OTHER = "22222222-0000-4000-8000-000000000002"

Play = Callable[[BindingWorld, Fault | None, Fault | None], Awaitable[None]]


async def create(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    world.server.create(binding(**WITH_LETTERS))
    world.start(fault, away)
    await world.settle()


async def update(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    await create(world, None, None)
    world.edit(lambda obj: obj["spec"]["sqs"].update(visibilityTimeout="60s", retention="24h"))
    world.start(fault, away)
    await world.settle()


async def shrink(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    """The dead-letter queue leaves the spec."""
    await create(world, None, None)
    world.edit(lambda obj: obj["spec"]["sqs"].pop("deadLetter"))
    world.start(fault, away)
    await world.settle()


async def delete(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    await create(world, None, None)
    world.delete()
    world.start(fault, away)
    await world.settle()


async def adopt(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    world.edit(lambda obj: obj["spec"].update(adoptable=["arn:aws:sqs:*:*:legacy-*"]), POLICY)
    tags = {"owner": "somebody"}
    world.aws.place(
        (ACCOUNT, REGION, "sqs/queue", "legacy-orders"), settings={"fifo": False, "visibilityTimeout": 5}, tags=tags
    )
    world.server.create(binding(**QUEUE, adopt=LEGACY))
    world.start(fault, away)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")


async def hand_over(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    """From here to another cluster, and there to that one's binding."""
    await create(world, None, None)
    world.annotate(transfer_to=OTHER)
    world.start(fault, away)
    await world.settle()
    there = BindingWorld(cluster=OTHER, aws=world.aws, clock=world.clock)
    there.server.create(binding(**WITH_LETTERS))
    there.armed = world.armed
    there.start(fault, away)
    await there.settle()
    assert there.condition("Ready") == ("True", "Bound")


async def retain_and_reattach(world: BindingWorld, fault: Fault | None, away: Fault | None) -> None:
    await create(world, None, None)
    world.edit(lambda obj: obj["spec"].update(deletionPolicy="Retain"))
    await world.settle()
    world.delete()
    world.start(fault, away)
    await world.settle()
    assert world.server.get(BINDING) is None
    world.server.create(binding(**WITH_LETTERS, deletionPolicy="Retain"))
    world.start(fault, away)
    await world.settle()


PLAYS: dict[str, Play] = {
    "create": create,
    "update": update,
    "shrink": shrink,
    "delete": delete,
    "adopt": adopt,
    "hand over": hand_over,
    "retain and re-attach": retain_and_reattach,
}
KINDS = ("before", "after", "lost")
SLOW = {"unseen": 4.0, "creating": 9.0, "deleting": 61.0, "stale": 6.0}


async def played(play: Play, fault: Fault | None, away: Fault | None, behaviour: dict[str, float]) -> BindingWorld:
    world = BindingWorld()
    for name, seconds in behaviour.items():
        setattr(world.aws, name, seconds)
    await play(world, fault, away)
    return world


def essence(world: BindingWorld) -> dict[str, Any]:
    """What is there at the end, without times, digests of them, and UIDs, which differ with the number of writes."""
    binding_ = world.server.get(BINDING)
    status = world.status()
    return {
        "aws": {where: (each.settings, sorted(_tags(each.tags))) for where, each in sorted(world.aws.stored.items())},
        "exists": binding_ is not None,
        "resources": [each | {"owner": ""} for each in status.get("resources", ())],
        "conditions": {each["type"]: (each["status"], each["reason"]) for each in status.get("conditions", ())},
        "secret": (world.secret() or {}).get("data"),
        "arn": status.get("arn"),
    }


def _aimed(fault: Fault, to: str) -> tuple[Fault | None, Fault | None]:
    return (fault, None) if to == "cluster" else (None, fault)


def _tags(tags: dict[str, str] | None) -> list[tuple[str, str]]:
    return [(key, "" if key in (UID, "trimtab.dev/retained") else value) for key, value in (tags or {}).items()]


def once(world: BindingWorld) -> None:
    """S7: no name was ever made twice unless it was gone in between; S8: nothing was changed that was not ours."""
    alive: set[tuple[str, str]] = set()
    for each in world.aws.history:
        if each.verb == "create":
            assert (each.arn, each.name) not in alive, f"{each.name} was made twice"
            alive.add((each.arn, each.name))
        elif each.verb == "delete":
            alive.discard((each.arn, each.name))


@pytest.mark.parametrize("behaviour", [{}, SLOW], ids=["prompt", "slow"])
@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
async def test_a_kill_around_any_write_changes_no_outcome(play: Play, behaviour: dict[str, float]) -> None:
    """Where AWS is slow, the kinds of faults take turns; where it is prompt, every write meets each of them."""
    expected = await played(play, None, None, behaviour)
    told = essence(expected)
    met = 0
    for to in ("cluster", "aws"):
        for kind in KINDS:
            for at in range(1 + (KINDS.index(kind) if behaviour else 0), 40, len(KINDS) if behaviour else 1):
                fault = Fault(kind=kind, at=at)
                world = await played(play, *_aimed(fault, to), behaviour)
                if not world.struck:
                    break
                met += 1
                assert essence(world) == told, f"{kind} write {at} to {to}"
                once(world)
                before = world.cluster.writes, world.cloud.writes
                await world.settle()
                assert (world.cluster.writes, world.cloud.writes) == before, f"{kind} write {at} to {to}: no rest"
    assert met >= (3 if behaviour else 9), f"only {met} faults were met"
