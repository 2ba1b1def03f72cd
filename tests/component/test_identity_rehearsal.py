"""What is foretold of a role is what the reconciler of identities then does to IAM."""

from collections.abc import Callable

import pytest
from tests.component.identity_world import CLUSTER, QUEUE, SUBJECT, TABLE, IdentityWorld, grant, many, statement
from tests.component.world import ORDERS

from trimtab.domain.binding.identity.account import account_of
from trimtab.domain.binding.identity.asked import asked
from trimtab.domain.binding.identity.document import Right, union, without
from trimtab.domain.binding.identity.rehearsal import Rehearsal, rehearsed
from trimtab.domain.binding.identity.role import Bearer
from trimtab.domain.objects import uid_of

Change = Callable[[IdentityWorld], None]


def bind(*statements: object) -> Change:
    return lambda world: world.bind("queue", *statements)  # type: ignore[arg-type]


def leave(world: IdentityWorld) -> None:
    world.leave("queue")


CHANGES: dict[str, tuple[Change, Change]] = {
    "unchanged": (bind(QUEUE, TABLE), bind(QUEUE, TABLE)),
    "further": (bind(QUEUE), bind(QUEUE, TABLE)),
    "fewer": (bind(QUEUE, TABLE), bind(TABLE)),
    "other actions": (bind(statement("queue", "sqs:A", "sqs:B")), bind(statement("queue", "sqs:B", "sqs:C"))),
    "inline to managed": (bind(QUEUE, TABLE), bind(*many(80))),
    "managed to managed": (bind(*many(80)), bind(*many(60), *many(60, "t"))),
    "managed to inline": (bind(*many(80)), bind(QUEUE)),
    "removed": (bind(*many(80)), leave),
}


async def foretold(world: IdentityWorld) -> Rehearsal:
    service = world.server.get(ORDERS)
    assert service is not None
    bearer = Bearer(cluster=CLUSTER.id, namespace="shop", microservice="orders", uid=uid_of(service))
    wanted = asked(bearer, account_of(service), world.asked, frozenset(), grant(), CLUSTER)
    return rehearsed(wanted, await world.roles.look(grant(), wanted.name, SUBJECT))


def allowed(world: IdentityWorld) -> frozenset[Right]:
    return union(world.allowed) if world.iam.roles else frozenset()


@pytest.mark.parametrize(("before", "change"), CHANGES.values(), ids=CHANGES)
async def test_rights_and_steps_come_true(before: Change, change: Change) -> None:
    world = IdentityWorld()
    before(world)
    await world.settle()
    had = allowed(world)
    change(world)
    told, done = await foretold(world), len(world.roles.steps)
    await world.settle()
    assert list(told.steps) == world.roles.steps[done:]
    assert told.refusal is None
    assert told.added == without(allowed(world), had)
    assert told.removed == without(had, allowed(world))


async def test_a_first_role_is_told_whole() -> None:
    world = IdentityWorld()
    world.bind("queue", *many(80))
    told = await foretold(world)
    await world.settle()
    assert list(told.steps) == world.roles.steps
    assert (told.added, told.removed) == (allowed(world), frozenset())


async def test_what_has_no_room_is_not_told_as_allowed() -> None:
    world = IdentityWorld()
    world.bind("queue", *many(900))
    told = await foretold(world)
    assert told.refusal is not None
    await world.settle()
    assert told.added == allowed(world)
