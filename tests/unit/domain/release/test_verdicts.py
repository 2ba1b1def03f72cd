"""Releases that are decided by what is counted."""

from typing import Any

from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
STEPS = {"canary": {"steps": [{"weight": "10%", "bake": "1m"}, {"weight": "50%", "bake": "2m"}]}}


def released(declared: dict[str, Any] | None = None, failing: dict[str, float] | None = None, **service: Any) -> World:
    """A world in which r2 is about to be released, with requests a second as `traffic` says / 100."""
    analysis = {"warmup": "0s"}
    world = World(declared or spec(kpis=[ERRORS], strategy=STEPS, analysis=analysis), counted=True, **service)
    world.serving()
    for name in world.services:
        world.services[name].failing = failing or {"r1": 0.005, "r2": 0.005}
        world.change("r2", name)
    return world


def kpi(world: World, name: str = "errors", target: str = "orders") -> dict[str, Any]:
    return next(each for each in world.status["kpis"] if (each["name"], each["target"]) == (name, target))


def test_a_good_revision_is_promoted_on_evidence() -> None:
    world = released()
    world.until("Promoted", limit=1800)
    assert kpi(world)["compareTo"] == "Both"
    assert kpi(world)["ledger"]
    assert "evidence" not in kpi(world)


def test_one_that_breaches_its_bound_is_aborted_with_the_numbers() -> None:
    world = released(failing={"r1": 0.005, "r2": 0.03})
    world.until("Aborted", limit=1800)
    rejected = world.target()["rejected"]
    assert rejected["reason"] == Reason.WORSE_THAN_STABLE
