"""Outages, restarts and clocks that jump change no verdict, and let nothing through."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.release.counted import (
    ERRORS,
    LAG,
    LONG_STEP,
    declared,
    held,
    kpi,
    let_fail,
    released,
)
from tests.unit.domain.release.world import World

from trimtab.api.reasons import Reason
from trimtab.domain.release.judging.ledger import entries


def test_an_outage_of_the_store_holds_and_nothing_is_lost() -> None:
    world = released(declared(strategy={"canary": {"steps": [{"weight": "50%", "bake": "3m"}]}}))
    world.run(60)
    before = kpi(world)["candidate"]["requests"]
    world.outage = "connection refused"
    world.run(180)
    assert (kpi(world)["verdict"], kpi(world)["reason"]) == ("ProviderError", Reason.PROVIDER_ERROR)
    assert "connection refused" in kpi(world)["message"]
    assert held(world) == Reason.PROVIDER_ERROR
    world.outage = ""
    world.until("Promoted", limit=600)
    counted = [entry.candidate.total for entry in entries(kpi(world)["ledger"]) if entry.step == 1]
    assert sum(counted) - before >= 5000 * 18, "the ticks of the outage are counted later"


def test_pods_that_nobody_scrapes_hold_as_no_data() -> None:
    world = released()
    world.run(40)
    world.scraped = False
    world.run(300)
    assert (kpi(world)["verdict"], kpi(world)["reason"]) == ("Insufficient", Reason.NO_DATA)
    assert "trimtab-metrics" in kpi(world)["message"]
    assert held(world) == Reason.NO_DATA
    world.scraped = True
    world.until("Promoted", limit=1800)


def test_without_a_store_it_says_what_to_configure() -> None:
    world = World(declared()).serving()
    world.change("r2")
    world.run(300)
    assert held(world) == Reason.EVIDENCE_NOT_AVAILABLE
    assert "TRIMTAB_PROMETHEUS_URL" in world.message


def test_scrapes_that_are_slower_than_expected_are_told() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(60)
    for turn in range(24):
        world.scraped = turn % 6 == 0
        world.run(10, tick=5)
    assert kpi(world)["reason"] == Reason.NO_DATA
    assert "TRIMTAB_SCRAPE_INTERVAL" in kpi(world)["message"] or "no fresh samples" in kpi(world)["message"]


def proven_next_to_passing(*kpis: dict[str, Any]) -> World:
    """A world whose only step lacks nothing but a little time."""
    world = released(declared(*kpis, strategy={"canary": {"steps": [{"weight": "50%", "bake": "5m"}]}}))
    world.services["orders"].levels = {"r1": 4.0, "r2": 4.0}
    world.run(310)
    assert {each["verdict"] for each in world.status["kpis"]} == {"Pass"}
    assert world.status["phase"] == "Progressing"
    return world


def most_weight(world: World, seconds: float) -> float:
    """The greatest share of the candidate in that time."""
    most = 0.0
    for _ in range(int(seconds / 2)):
        world.run(2)
        most = max(most, world.services["orders"].weight)
    return most


@pytest.mark.parametrize("wanted", [ERRORS, {**ERRORS, "requests": {"source": "App", "successRate": "99%"}}, LAG])
@pytest.mark.parametrize("unreachable", [0, 120])
def test_what_passed_before_the_operator_was_away_lets_nothing_through(
    wanted: dict[str, Any], unreachable: float
) -> None:
    world = proven_next_to_passing(wanted)
    let_fail(world)
    for _ in range(120):  # nobody looks
        world.work()
        world.advance(5)
    world.restart()
    world.outage = "connection refused" if unreachable else ""
    assert most_weight(world, unreachable) <= 50
    world.outage = ""
    assert most_weight(world, 300) <= 50
    assert world.outcomes == ["Aborted"]


@pytest.mark.parametrize("wanted", [ERRORS, {**ERRORS, "requests": {"source": "App", "successRate": "99%"}}, LAG])
def test_what_passed_before_an_outage_lets_nothing_through_after_it(wanted: dict[str, Any]) -> None:
    world = proven_next_to_passing(wanted)
    let_fail(world)
    world.outage = "connection refused"
    assert most_weight(world, 120) <= 50
    world.outage = ""
    assert most_weight(world, 300) <= 50
    assert world.outcomes == ["Aborted"]


def test_pods_that_are_not_ready_are_no_reason_to_look_away_from_those_that_serve() -> None:
    world = released(declared(strategy=LONG_STEP, analysis={"readyWithin": "1h"}))
    world.services["orders"].wanted = 8
    world.run(90)
    world.services["orders"].lost = 1
    world.services["orders"].failing["r2"] = 0.5
    world.run(10)
    world.until("Aborted", limit=120)
    assert world.services["orders"].weight == 0


def test_a_watch_in_which_nobody_scrapes_does_not_pass() -> None:
    world = released(declared(watch="2m"))
    world.until("Watching", limit=900)
    world.scraped = False
    world.run(600, tick=5)
    assert (world.status["phase"], kpi(world)["reason"]) == ("Watching", Reason.NO_DATA)
    world.scraped = True
    world.until("Promoted", limit=900, tick=5)


def test_a_watch_that_nobody_saw_does_not_pass() -> None:
    world = released(declared(watch="3m"))
    world.until("Watching", limit=900)
    world.run(160)
    let_fail(world)
    for _ in range(120):
        world.work()
        world.advance(5)
    world.restart()
    world.until("Aborted", limit=300)


def remembered(world: World) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(kpi(world)["evidence"])
    return {**known, "ledger": entries(kpi(world)["ledger"])}


_UNBROKEN: dict[str, Any] = {}


def unbroken() -> dict[str, Any]:
    """What is remembered after three minutes in which nothing special happened."""
    if not _UNBROKEN:
        world = released(declared(strategy=LONG_STEP), {"r1": 0.005, "r2": 0.009}, traffic=3.0)
        world.run(180, tick=5)
        _UNBROKEN.update(remembered(world))
    return _UNBROKEN


@settings(max_examples=10, deadline=None)
@given(
    restarts=st.sets(st.integers(15, 34)),
    outages=st.sets(st.integers(15, 30), max_size=3),
    jumps=st.dictionaries(st.integers(15, 34), st.sampled_from([-3600, -600, 600, 3600]), max_size=3),
)
def test_neither_restarts_nor_outages_nor_clock_jumps_change_a_bit(
    restarts: set[int], outages: set[int], jumps: dict[int, int]
) -> None:
    world = released(declared(strategy=LONG_STEP), {"r1": 0.005, "r2": 0.009}, traffic=3.0)
    for turn in range(36):
        if turn in restarts:
            world.restart()
        world.outage = "connection refused" if turn in outages else ""
        world.now += timedelta(seconds=jumps.get(turn, 0))
        world.run(5, tick=5)
    assert remembered(world) == unbroken()
