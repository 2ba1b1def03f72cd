"""An operator that is killed, or that AWS fails, ends with the same single role, or with none."""

from collections.abc import Callable, Sequence

import pytest
from tests.component.identity_world import QUEUE, TABLE, many
from tests.integration.identities.life import Lives, allowed
from tests.support.aws import Fault
from tests.support.aws_faults import Point, every_answer_lost_once, kill_at, times, torn, unseen
from tests.support.aws_wire import Signature, throttled
from tests.support.figures import Figures

from trimtab.domain.binding.identity.document import rights
from trimtab.domain.binding.service import Statement


@pytest.mark.parametrize("point", list(Point))
async def test_killed_around_any_write_it_ends_in_the_same_single_role(
    lives: Lives, point: Point, figures: Figures
) -> None:
    """A role is made, outgrows one policy, and shrinks again.

    The second point leaves AWS as the others do, one write later or earlier: the long way is gone with it only.
    """
    wishes = ((QUEUE,), many(80), (QUEUE, TABLE)) if point is Point.UNANSWERED else ((QUEUE,), (QUEUE, TABLE))
    kills = 0
    for number, wish in enumerate(wishes):
        victims: list[Signature | None] = [None]
        while victims:
            victim = victims.pop()
            await _made(lives, wishes[:number])
            lives.world.bind("queue", *wish)
            with lives.life() as life:
                if victim is not None:
                    life.proxy.faults.insert(0, kill_at(life.proxy, victim, point, lambda: None))
                await life.reconcile()
                written: list[Signature | None] = [each.signature for each in life.proxy.writes]
            with lives.life() as next_life:
                await next_life.settle()
                assert next_life.view.ready
            if victim is None:
                victims, expected, kills = written, lives.state(), kills + len(written)
            assert lives.state() == expected, f"killed {point.value}: {victim}"
    figures.add(f"identity: killed {point.value}", f"{kills} writes")


@pytest.mark.parametrize("point", list(Point))
async def test_killed_around_any_write_of_a_removal_nothing_is_left(lives: Lives, point: Point) -> None:
    victims: list[Signature | None] = [None]
    while victims:
        victim = victims.pop()
        await _made(lives, [many(80)])
        lives.world.leave("queue")
        with lives.life() as life:
            if victim is not None:
                life.proxy.faults.insert(0, kill_at(life.proxy, victim, point, lambda: None))
            await life.reconcile()
            if victim is None:
                victims = [each.signature for each in life.proxy.writes]
        with lives.life() as life:
            await life.settle()
            assert lives.world.board.revoked("shop", "queue")
        assert lives.state() == {"roles": {}, "policies": {}, "associations": []}, f"{point.value}: {victim}"


async def _made(lives: Lives, wishes: Sequence[Sequence[Statement]]) -> None:
    """A world in which these wishes came true, one after another."""
    lives.anew()
    for wish in wishes[-1:]:
        lives.world.bind("queue", *wish)
        with lives.life() as life:
            await life.settle()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda: times(2, lambda call: True, throttled), id="throttled"),
        pytest.param(lambda: every_answer_lost_once(), id="answers-lost"),
        pytest.param(lambda: torn(3, lambda call: call.service == "iam"), id="answers-torn"),
        pytest.param(lambda: unseen(3, "CreateRole"), id="not-found-after-create"),
    ],
)
async def test_faults_end_in_the_same_single_role(lives: Lives, fault: Callable[[], Fault]) -> None:
    lives.world.bind("queue", *many(80))
    with lives.life() as life:
        life.proxy.faults.insert(0, fault())
        for _ in range(30):
            await life.reconcile()
            if life.view.ready:
                break
        life.proxy.faults = [lives.associations]
        await life.settle()
        assert life.view.ready
    assert len(lives.roles()) == 1
    assert allowed(lives) == rights(many(80))
