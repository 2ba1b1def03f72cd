"""Releases that are decided by what is counted."""

from typing import Any

import pytest
from tests.unit.domain.release.counted import (
    CHECKOUT,
    ERRORS,
    GOOD,
    SLOW,
    declared,
    held,
    kpi,
    messages,
    released,
)
from tests.unit.domain.release.world import spec

from trimtab.api.reasons import Reason
from trimtab.domain.release.judging.ledger import entries


def test_a_good_revision_is_promoted_on_evidence_and_says_by_which_numbers() -> None:
    world = released(spec(kpis=[ERRORS], analysis={"warmup": "0s"}))
    world.until("Promoted", limit=1800)
    assert kpi(world)["compareTo"] == "Both"
    assert "evidence" not in kpi(world), "what only judging needs stays"
    assert {entry.step for entry in entries(kpi(world)["ledger"])} == {1, 2}
    first, second = messages(world, Reason.STEP_PASSED)
    assert "requests failed (0.5%), of stable's" in first
    assert "requests failed (0.5%), of stable's" in second
    assert "requests failed (0.5%), of stable's" in world.status["history"][0]["message"]
    assert messages(world, Reason.PROMOTED)[0].endswith(world.status["history"][0]["message"])
    assert (kpi(world)["verdict"], kpi(world)["promote"]) == ("Pass", "100%")


def test_a_revision_that_is_worse_than_stable_is_aborted_with_the_numbers() -> None:
    world = released(failing={"r1": 0.0005, "r2": 0.008})
    world.until("Aborted", limit=600)
    assert world.target()["rejected"]["reason"] == Reason.WORSE_THAN_STABLE
    assert "requests failed (0.8%), of stable's" in messages(world, Reason.ABORTED)[0]
    assert (kpi(world)["verdict"], kpi(world)["abort"]) == ("Fail", "100%")


def test_a_revision_that_breaches_its_bound_is_aborted_where_there_is_no_comparison() -> None:
    world = released(declared(strategy={"blueGreen": {"bake": "5m"}}), {"r1": 0.005, "r2": 0.03})
    world.until("Aborted", limit=900)
    assert world.target()["rejected"]["reason"] == Reason.SLO_BREACHED
    assert kpi(world)["compareTo"] == "SLO"
    assert "1% may" in messages(world, Reason.ABORTED)[0]


def test_a_shared_incident_holds_and_then_the_release_goes_on() -> None:
    world = released(failing={"r1": 0.03, "r2": 0.03})
    world.run(180, tick=10)
    assert held(world) == Reason.ENVIRONMENT_UNHEALTHY
    assert "eta" not in world.status
    world.services["orders"].failing = GOOD
    world.until("Promoted", limit=3600, tick=10)


def test_a_fix_goes_out_although_stable_is_broken() -> None:
    world = released(failing={"r1": 0.03, "r2": 0.001})
    world.until("Promoted", limit=1800, tick=5)


def test_without_traffic_it_holds_and_nobody_knows_how_long() -> None:
    world = released(traffic=0.0)
    world.run(600, tick=5)
    assert held(world) == Reason.TOO_LITTLE_TRAFFIC
    assert "nobody knows how long" in world.message
    assert "eta" not in world.status
    assert "eta" not in kpi(world)
    world.services["orders"].traffic = 100.0
    world.until("Promoted", limit=1800, tick=5)


def test_too_few_requests_hold_with_the_time_that_is_missing() -> None:
    world = released(declared(analysis={"minRequests": 3000}), traffic=1.0)
    world.until("Held", limit=300)
    world.run(20)
    assert held(world) == Reason.TOO_LITTLE_TRAFFIC
    left = 3000 - kpi(world)["candidate"]["requests"]
    assert kpi(world)["eta"].startswith(f"about {round(left, -2):,} more requests, ")
    assert world.status["eta"]


def test_what_is_not_proven_yet_holds_with_the_requests_that_are_missing() -> None:
    world = released(traffic=2.0)
    world.until("Held", limit=300)
    assert held(world) == Reason.NOT_YET_PROVEN
    assert "more requests" in kpi(world)["eta"]
    assert world.status["eta"]
    world.until("Promoted", limit=3600, tick=10)


def test_a_late_failure_is_reverted_in_the_watch() -> None:
    world = released(declared(watch="30m"))
    world.until("Watching", limit=1800)
    world.services["orders"].failing["r2"] = 0.05
    world.until("Aborted", limit=900)
    assert world.target()["rejected"]["reason"] == Reason.SLO_BREACHED
    assert world.services["orders"].weight == 0


@pytest.mark.parametrize("wanted", [SLOW, CHECKOUT], ids=["latency", "counter"])
def test_every_kpi_that_counts_promotes_and_aborts(wanted: dict[str, Any]) -> None:
    good, bad = released(declared(wanted)), released(declared(wanted), {"r1": 0.005, "r2": 0.08})
    good.until("Promoted", limit=1800, tick=5)
    bad.until("Aborted", limit=900, tick=5)
    words = "took 250ms or longer" if wanted is SLOW else "attempts failed"
    assert words in messages(bad, Reason.ABORTED)[0]


def test_one_bad_kpi_of_two_is_enough() -> None:
    world = released(declared(ERRORS, CHECKOUT), {"r1": 0.005, "r2": 0.02})
    world.until("Aborted", limit=900)
    assert "KPI errors" in messages(world, Reason.ABORTED)[0]


def test_all_targets_are_judged_and_one_that_fails_aborts_all() -> None:
    world = released(declared(targets=[{"name": "orders"}, {"name": "cart"}]))
    world.services["cart"].failing["r2"] = 0.05
    world.until("Aborted", limit=900)
    assert "cart: KPI errors" in messages(world, Reason.ABORTED)[0]
    assert {each["name"]: bool(each["rejected"]) for each in world.status["targets"]} == {"orders": True, "cart": True}
