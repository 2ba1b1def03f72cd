"""kill -9 around every write to Kubernetes and AWS, for every backing service.

The life of a binding is learned once without a fault, phase by phase. Then it is lived again and again: the n-th time
the operator is killed around the n-th write of each phase and started anew. What is left after each phase must be the
same. A dead operator knows nothing, so that just after a write, and just before the next one, is when its answer is
lost: only the first write of a phase has a moment of its own before it. With TRIMTAB_PERF_FULL all are tried.
"""

import os
from collections.abc import Callable, Coroutine
from itertools import zip_longest
from typing import Any

import pytest
from tests.fault.rig import Signature
from tests.integration.bindings.life import Died, Write
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import NAME, Stage
from tests.integration.bindings.table import Table
from tests.support.aws_faults import Point

from trimtab.domain.objects import Object

Death = tuple[Write, Point]


async def _create(stage: Stage) -> None:
    await stage.ask(deletionPolicy="Retain")


async def _change(stage: Stage) -> None:
    await stage.ask(stage.sample.update, deletionPolicy="Retain")


async def _take_up_again(stage: Stage) -> None:
    await stage.ask(stage.sample.update, deletionPolicy="Delete")


async def _delete(stage: Stage) -> None:
    await stage.kube.delete("ServiceBinding", stage.space, NAME)


PHASES: dict[str, Callable[[Stage], Coroutine[Any, Any, None]]] = {
    "create": _create,
    "change": _change,
    "delete with Retain": _delete,
    "re-attach": _take_up_again,
    "delete with Delete": _delete,
}


async def neighbours(stage: Stage) -> None:
    """The other bindings that the sample needs, with an undisturbed operator."""
    await stage.need()
    if stage.sample.beside:
        async with stage.life() as life:
            await stage.settle(life, names=list(stage.sample.beside))


async def lived(stage: Stage, phase: str, death: Death | None) -> tuple[list[Write], bool, Object]:
    """One phase: what an operator wrote in it, whether it died, and what is left once one could finish."""
    await PHASES[phase](stage)
    died = False
    async with stage.life() as life:
        if death:
            life.die_at(*death)
        try:
            await stage.settle(life)
        except Died:
            died = True
        writes = life.writes
    if died:
        async with stage.life() as life:
            await stage.settle(life)
    return writes, died, await stage.snapshot()


def deaths(writes: list[Write]) -> list[Death]:
    """The points around all writes that differ from each other, or simply all."""
    if os.environ.get("TRIMTAB_PERF_FULL"):
        return [(write, point) for write in writes for point in Point if (write, point) != (writes[-1], Point.AFTER)]
    return [(writes[0], Point.BEFORE), *((write, Point.UNANSWERED) for write in writes)]


@pytest.mark.parametrize("member", SAMPLES)
async def test_a_kill_anywhere_changes_nothing(stage: Stage, member: str, table: Table) -> None:
    await neighbours(stage)
    learned = {phase: await lived(stage, phase, None) for phase in PHASES}
    await stage.clear()
    plans = {phase: deaths(writes) for phase, (writes, _, _) in learned.items()}
    wrong: list[str] = []
    count = dict.fromkeys(PHASES, 0)
    for plan in zip_longest(*plans.values()):
        await neighbours(stage)
        for phase, death in zip(PHASES, plan, strict=True):
            _, died, left = await lived(stage, phase, death)
            count[phase] += died
            expected = learned[phase][2]
            if left != expected:
                unlike = {key: (left[key], expected[key]) for key in left if left[key] != expected[key]}
                wrong.append(f"{phase}, killed around {death and (str(death[0]), death[1].value)}: {unlike}")
        await stage.clear()
    for phase, plan_of_phase in plans.items():
        table.note(member, f"kill -9: {phase}", "FAIL" if wrong else f"pass ({count[phase]})")
        assert count[phase] == len(plan_of_phase), "each of the writes is met again, and kills"
        assert any(isinstance(write, Signature) for write, _ in plan_of_phase)
    assert not wrong, "\n".join(wrong)
