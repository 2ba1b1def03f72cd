"""Verdicts about gauges: bounds instead of counts."""

import pytest
from tests.unit.domain.release.counted import LAG, declared, held, kpi, messages, released

from trimtab.api.reasons import Reason


def test_a_gauge_in_bounds_passes_and_one_out_of_bounds_aborts() -> None:
    world = released(declared(LAG))
    world.services["orders"].levels = {"r1": 4.0, "r2": 12.5}
    world.until("Watching", limit=900)
    world.services["orders"].levels["r2"] = 31.0
    world.until("Aborted", limit=900)
    assert world.target()["rejected"]["reason"] == Reason.OUT_OF_BOUNDS
    assert "31, at most 30 is good" in messages(world, Reason.ABORTED)[0]


def test_a_gauge_that_is_out_of_bounds_for_both_holds() -> None:
    world = released(declared(LAG))
    world.services["orders"].levels = {"r1": 40.0, "r2": 41.0}
    world.run(600, tick=5)
    assert held(world) == Reason.ENVIRONMENT_UNHEALTHY
    assert kpi(world, "lag")["candidate"] == {"value": "41"}


@pytest.mark.parametrize("lost", [float("nan"), None])
def test_a_gauge_aborts_nobody_while_that_of_stable_is_unknown(lost: float | None) -> None:
    world = released(declared(LAG))
    world.services["orders"].levels = {"r1": 100.0, "r2": 100.0}
    world.run(60)
    world.services["orders"].levels = {"r2": 100.0} if lost is None else {"r1": lost, "r2": 100.0}
    world.run(120)
    assert (held(world), world.outcomes) == (Reason.NO_DATA, [])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_gauge_without_a_number_is_no_data(value: float | None) -> None:
    world = released(declared(LAG))
    world.services["orders"].levels = {} if value is None else {"r1": 4.0, "r2": value}
    world.run(300, tick=5)
    assert held(world) == Reason.NO_DATA
