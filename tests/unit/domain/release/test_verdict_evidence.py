"""What counts as evidence, and what of it stays when the spec changes."""

from typing import Any

import pytest
from tests.unit.domain.release.counted import (
    CHECKOUT,
    ERRORS,
    GOOD,
    LONG_STEP,
    declared,
    kpi,
    released,
)

from trimtab.api.reasons import Reason


@pytest.mark.parametrize(("traffic", "chosen"), [(100.0, "Both"), (0.05, "SLO")])
def test_auto_is_chosen_once_by_the_traffic(traffic: float, chosen: str) -> None:
    world = released(declared(strategy=LONG_STEP), traffic=traffic)
    world.run(120)
    assert kpi(world)["compareTo"] == chosen
    world.services["orders"].traffic = 100.0 if traffic < 1 else 0.05
    world.run(300, tick=5)
    assert kpi(world)["compareTo"] == chosen


def test_what_was_asked_for_is_what_it_is_compared_to() -> None:
    world = released(declared(strategy=LONG_STEP, analysis={"compareTo": "Stable"}))
    world.run(60)
    assert kpi(world)["compareTo"] == "Stable"


def test_requests_that_get_lost_before_they_are_counted_hold() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.until("Progressing")
    world.run(30)
    world.services["orders"].lossy = 0.4
    world.run(300, tick=5)
    assert kpi(world)["reason"] == Reason.TRAFFIC_SHARE_MISMATCH


def test_pods_are_left_out_until_they_are_warm() -> None:
    world = released(declared(strategy=LONG_STEP, analysis={"warmup": "3m"}), {"r1": 0.005, "r2": 0.5})
    world.run(150)
    assert "candidate" not in kpi(world)
    world.services["orders"].failing = GOOD
    world.run(120)
    assert kpi(world)["candidate"]["share"] == "0.5%"


def test_the_status_stays_within_its_bounds() -> None:
    names = [{**ERRORS, "name": f"kpi-{number}"} for number in range(4)]
    world = released(declared(*names, strategy=LONG_STEP))
    world.run(1500, tick=10)
    for each in world.status["kpis"]:
        assert len(each["evidence"]) <= 2048
        assert len(each["ledger"]) <= 4096
    assert len(world.target()["arrivals"]) <= 2048


@pytest.mark.parametrize(
    "changed",
    [
        {"kpis": [{"name": "errors", "requests": {"successRate": "99.9%"}}]},
        {"kpis": [{**CHECKOUT, "name": "errors"}]},
        {"analysis": {"warmup": "0s", "floor": "0.1%"}},
        {"analysis": {"warmup": "0s", "tolerance": "3x"}},
    ],
)
def test_evidence_about_something_else_counts_for_nothing(changed: dict[str, Any]) -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(240, tick=5)
    assert kpi(world)["promote"] == "100%"
    world.spec = {**world.spec, **changed}
    world.apply()
    assert "promote" not in kpi(world)
    assert "candidate" not in kpi(world)
    world.run(30)
    assert kpi(world)["candidate"]["requests"] <= 4 * 5000


def test_an_error_rate_that_is_changed_moves_the_goal_and_keeps_the_evidence() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(120, tick=5)
    before = kpi(world)["candidate"]["requests"]
    world.spec = {**world.spec, "analysis": {"warmup": "0s", "falsePromote": "1%"}}
    world.run(20)
    assert kpi(world)["candidate"]["requests"] > before
