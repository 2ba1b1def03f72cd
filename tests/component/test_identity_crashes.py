"""An operator that dies, or hears and sees too little, keeps exactly one role, and loses no right."""

import pytest
from tests.component.identity_world import (
    QUEUE,
    SUBJECT,
    TABLE,
    IdentityWorld,
    many,
)

from trimtab.adapters.memory.cluster import Fault
from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.document import rights
from trimtab.domain.outcome import Waiting
from trimtab.ports.cloud import CloudDeniedError, CloudInvalidError, CloudThrottledError


@pytest.mark.parametrize("kind", ["before", "after", "lost"])
async def test_dying_at_any_step_leads_to_the_same_single_role(kind: str) -> None:
    expected = await _life(None)
    for at in range(1, expected.total + 1):
        found = await _life(Fault(kind=kind, at=at))
        assert found.world.iam.state() == expected.world.iam.state(), f"{kind} step {at}"
        before = len(found.world.roles.steps)
        found.world.seconds += 1000
        await found.world.reconcile()
        assert len(found.world.roles.steps) == before


class _Life:
    def __init__(self, world: IdentityWorld, total: int) -> None:
        self.world = world
        self.total = total


async def _life(fault: Fault | None) -> _Life:
    """Made, made long, shortened."""
    world = IdentityWorld()
    world.start(fault)
    total = 0
    for wish in ((QUEUE,), many(150), many(160), (QUEUE, TABLE)):
        world.bind("queue", *wish)
        await world.settle()
        total = len(world.roles.steps)
    return _Life(world, total)


@pytest.mark.parametrize("kind", ["before", "after", "lost"])
async def test_dying_at_any_step_of_a_removal_leaves_nothing(kind: str) -> None:
    for at in range(1, 40):
        world = IdentityWorld()
        world.bind("queue", *many(150))
        await world.settle()
        world.start(Fault(kind=kind, at=at))
        world.tell()
        world.leave("queue")
        await world.settle()
        assert world.iam.state() == {"roles": {}, "policies": {}, "associations": {}}, f"{kind} step {at}"
        if len(world.roles.steps) < at:
            return
    raise AssertionError("a removal has fewer steps than this")


async def test_a_role_that_is_not_shown_yet_is_awaited_and_not_made_twice() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.start()
    world.tell()
    world.roles.blind = 1
    assert isinstance(await world.reconcile(), Waiting)
    assert not world.view.ready
    await world.settle()
    assert len(world.iam.roles) == 1


@pytest.mark.parametrize("error", [CloudDeniedError("no", action="iam:PassRole"), CloudInvalidError("no such role")])
async def test_refusals_about_a_role_younger_than_two_minutes_are_waited_out(error: Exception) -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.start(Fault(kind="before", at=3))
    world.tell()
    await world.settle()
    del world.iam.associations[SUBJECT]
    world.clock.advance(60)
    outcome = await _refused(world, error)
    assert (world.view.reason, outcome.after) == (Reason.IDENTITY_PENDING, 5.0)
    world.clock.advance(120)
    outcome = await _refused(world, error)
    assert world.view.reason in (Reason.CLOUD_DENIED, Reason.CLOUD_INVALID)
    world.leave("queue")
    assert str(error) in world.board.obstacle("shop", "queue")
    assert outcome.after > 5


async def _refused(world: IdentityWorld, error: Exception) -> Waiting:
    """A run of a new process in which every step is refused."""
    world.start()
    world.tell()

    async def refuse(*_: object, **__: object) -> None:
        raise error

    world.roles.carry_out = refuse  # type: ignore[method-assign]
    outcome = await world.reconcile()
    assert isinstance(outcome, Waiting)
    return outcome


async def test_a_throttled_look_takes_nothing_away_and_keeps_what_was_known() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    before = world.iam.state()
    world.roles.refuse = CloudThrottledError("slow down", retry_after=40)
    world.seconds += 1000
    outcome = await world.reconcile()
    assert isinstance(outcome, Waiting)
    assert (outcome.after, outcome.reason) == (40, "Throttled")
    assert world.iam.state() == before
    assert world.view.ready


async def test_no_right_is_taken_away_before_every_binding_was_heard() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.bind("table", TABLE)
    await world.settle()
    world.start()
    world.tell(["queue"])
    await world.reconcile()
    assert world.allowed == rights([QUEUE, TABLE])
    world.leave("queue")
    await world.reconcile()
    assert world.allowed == rights([TABLE])
    assert world.board.revoked("shop", "queue")
    world.tell(["table"])
    await world.reconcile()
    assert world.allowed == rights([TABLE])
