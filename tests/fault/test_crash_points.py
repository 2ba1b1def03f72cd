"""kill -9 around every write (C1): whatever was cut short, the end is the same, and nothing was made twice."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass

from tests.fault.faults import Point, kill_at
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.rig import Signature

REPEATS = 3
"""Later occurrences of the same write bring nothing new (Sieve's rule)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Kill the operator at one point around one write."""

    signature: Signature
    point: Point

    def __str__(self) -> str:
        return f"{self.point.name} {self.signature}"


def plans_for(writes: Iterable[Signature]) -> list[Plan]:
    """One plan for each write, its point taking turns; all three points with TRIMTAB_FAULT_FULL=1."""
    signatures = [each for each in writes if each.nth <= REPEATS]
    points = list(Point)
    if os.environ.get("TRIMTAB_FAULT_FULL"):
        return [Plan(signature, point) for signature in signatures for point in points]
    return [Plan(signature, points[i % len(points)]) for i, signature in enumerate(signatures)]


@dataclass(slots=True)
class Verdict:
    """What became of a plan: where its end differs from the undisturbed run, or why it had none."""

    plan: Plan
    fired: bool = False
    wrong: dict[str, object] | str = ""


async def carry_out(plan: Plan, laboratory: Laboratory, learned: Learned) -> Verdict:
    """Runs the scenario with one kill in it."""
    verdict = Verdict(plan)

    def fired() -> None:
        verdict.fired = True

    async with laboratory.slots:
        try:
            async with laboratory.world() as this:
                this.rig.faults.append(kill_at(plan.signature, plan.point, this.keeper.kill, fired))
                await this.pass_through()
                verdict.wrong = await learned.unlike(this)
        except AssertionError as error:
            verdict.wrong = str(error)
    return verdict


async def test_a_kill_around_any_write_changes_nothing(laboratory: Laboratory, learned: Learned) -> None:
    plans = plans_for(learned.writes)
    assert len(plans) >= 15, "the rig does not see the operator's writes"
    verdicts = await asyncio.gather(*(carry_out(plan, laboratory, learned) for plan in plans))
    wrong = [f"{verdict.plan}: {verdict.wrong}" for verdict in verdicts if verdict.wrong]
    missed = [str(verdict.plan) for verdict in verdicts if not verdict.fired]
    print(f"{len(plans)} kills, {len(missed)} not reached: {missed}")
    assert not wrong, "\n".join(wrong)
    assert len(missed) <= len(plans) // 4, f"plans that never fired: {missed}"
