"""What networks and AWS do to calls changes nothing in the end: the same resources, tags, Secret and status."""

from collections.abc import Callable

import pytest
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import NAME, Stage
from tests.support.aws import Fault
from tests.support.aws_faults import (
    Concerns,
    any_call,
    broken,
    cut,
    every_answer_lost_once,
    times,
    torn,
    unseen,
    writes,
)
from tests.support.aws_wire import Call, throttled

from trimtab.domain.objects import Object

CREATIONS = ("CreateQueue", "CreateTopic", "CreateTable", "CreateBucket", "CreateSecret", "Subscribe")


def reads(call: Call) -> bool:
    """Concerns what only looks, and roles."""
    return not call.is_write


def lasting(n: int, concerns: Concerns, answer: Callable[[Call], object]) -> Callable[[], list[Fault]]:
    """The first n of each operation."""
    return lambda: [times(n, concerns, answer)]  # type: ignore[arg-type]


FAULTS: dict[str, Callable[[], list[Fault]]] = {
    "throttling": lasting(3, any_call, throttled),
    "5xx of reads": lasting(2, reads, broken(503)),
    "5xx of writes": lasting(2, writes, broken(500)),
    "time-outs, not carried out": lasting(2, any_call, cut),
    "time-outs, carried out": lambda: [every_answer_lost_once()],
    "answers that break off": lambda: [torn(12, any_call)],
    "NotFound right after create": lambda: [unseen(2, operation) for operation in CREATIONS],
}


async def live(stage: Stage, faults: list[Fault]) -> tuple[Object, Object]:
    """A binding is created, changed and deleted under faults; what there was before and after the deletion."""
    await stage.need()
    await stage.ask(deletionPolicy="Delete")
    async with stage.life() as life:
        life.aws.faults += faults
        await stage.settle(life)
        await stage.ask(stage.sample.update, deletionPolicy="Delete")
        await stage.settle(life)
        assert await stage.differing(stage.sample.update) == {}, await stage.told()
        bound = await stage.snapshot()
        await stage.kube.delete("ServiceBinding", stage.space, NAME)
        await stage.settle(life)
    ended = await stage.snapshot()
    await stage.clear()
    return bound, ended


_UNDISTURBED: dict[tuple[str, str], tuple[Object, Object]] = {}


async def undisturbed(stage: Stage, member: str) -> tuple[Object, Object]:
    """The same without faults; lived once for each service of a namespace."""
    key = stage.space, member
    if key not in _UNDISTURBED:
        _UNDISTURBED[key] = await live(stage, [])
    return _UNDISTURBED[key]


@pytest.mark.parametrize("member", SAMPLES)
@pytest.mark.parametrize("fault", [pytest.param(name, marks=pytest.mark.case(name)) for name in FAULTS])
async def test_faults_leave_no_trace(stage: Stage, member: str, fault: str) -> None:
    expected = await undisturbed(stage, member)
    left = await live(stage, FAULTS[fault]())
    assert left[0] == expected[0]
    assert left[1] == expected[1]


@pytest.mark.case("short pages")
@pytest.mark.parametrize("member", SAMPLES)
async def test_short_pages_hide_nothing(stage: Stage, member: str) -> None:
    expected = await undisturbed(stage, member)
    with stage.aws.pages_of(1):
        assert await live(stage, []) == expected
