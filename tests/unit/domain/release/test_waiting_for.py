"""status.waitingFor names what the release waits for."""

from typing import Any

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain.release.observation import Answer

_ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
_GATE = {"name": "tests", "webhook": {"url": "https://tests.example/", "phase": "BeforeRelease"}}
_APPROVED = {"canary": {"steps": [{"weight": "50%", "bake": "30s", "approval": "Required"}]}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gates": [_GATE]}, ("Gate", "tests", Reason.GATE_CLOSED)),
        (
            {"windows": [{"days": ["Tue"], "from": "01:00", "to": "02:00"}]},
            ("Window", "spec.windows", Reason.OUTSIDE_WINDOW),
        ),
        ({"kpis": [_ERRORS]}, ("KPI", "errors", Reason.HELD)),
        ({"strategy": _APPROVED}, ("Approval", "step 1", Reason.AWAITING_APPROVAL)),
    ],
)
def test_what_holds_a_release_is_named(changes: dict[str, Any], expected: tuple[str, str, Reason]) -> None:
    world = World(spec(**changes)).serving()
    world.gates["tests"] = Answer(open=False, message="no")
    world.change("r2")
    world.run(180)
    (entry,) = world.status["waitingFor"]
    assert (entry["kind"], entry["name"], entry["reason"]) == expected
    since = entry["since"]
    world.run(60)
    assert world.status["waitingFor"][0]["since"] == since


def test_a_target_that_is_not_as_ordered_is_named_until_it_is() -> None:
    world = World().serving()
    world.services["orders"].broken.add("r2")
    world.change("r2")
    world.run(30)
    (entry,) = world.status["waitingFor"]
    assert (entry["kind"], entry["name"]) == ("Microservice", "orders")
    world.services["orders"].broken.clear()
    world.until("Promoted")
    assert "waitingFor" not in world.status


def test_who_waits_for_his_turn_names_the_group() -> None:
    world = World(spec(concurrency={"group": "payments", "max": 1})).serving()
    world.change("r2")
    world.until("Queued")
    assert [(each["kind"], each["name"]) for each in world.status["waitingFor"]] == [("ConcurrencyGroup", "payments")]
