"""kill -9 around every write (C1): whatever was cut short, the end is the same, and nothing was made twice."""

import asyncio
import os
from dataclasses import dataclass

from tests.fault.faults import Point, kill_at
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.rig import Signature
from tests.fault.world import Run

REPEATS = 3
"""Later occurrences of the same write bring nothing new (Sieve's rule)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Kill the operator at one point around one write."""

    signature: Signature
    point: Point

    def __str__(self) -> str:
        return f"{self.point.name} {self.signature}"


def plans_for(run: Run) -> list[Plan]:
    """One plan for each write, its point taking turns; all three points with TRIMTAB_FAULT_FULL=1."""
    signatures = sorted({c.signature for c in run.writes if c.signature and c.signature.nth <= REPEATS})
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
                verdict.wrong = learned.unlike(await this.live())
        except AssertionError as error:
            verdict.wrong = str(error)
    return verdict


async def test_a_kill_around_any_write_changes_nothing(laboratory: Laboratory, learned: Learned) -> None:
    plans = plans_for(learned.run)
    assert len(plans) >= 15, "the rig does not see the operator's writes"
    verdicts = await asyncio.gather(*(carry_out(plan, laboratory, learned) for plan in plans))
    wrong = [f"{verdict.plan}: {verdict.wrong}" for verdict in verdicts if verdict.wrong]
    missed = [str(verdict.plan) for verdict in verdicts if not verdict.fired]
    print(f"{len(plans)} kills, {len(missed)} not reached: {missed}")
    assert not wrong, "\n".join(wrong)
    assert len(missed) <= len(plans) // 5, f"plans that never fired: {missed}"
