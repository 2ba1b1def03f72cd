"""Releases that are decided by what is counted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain.release.judging.ledger import entries

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
SLOW = {"name": "slow", "requests": {"latency": {"under": "250ms", "share": "99%"}}}
CHECKOUT = {
    "name": "checkout",
    "counter": {"total": {"metric": "attempts_total"}, "bad": {"metric": "failures_total"}, "successRate": "97%"},
}
LAG = {"name": "lag", "gauge": {"metric": "lag_seconds", "aggregate": "max", "max": "30"}}
ONE_STEP = {"canary": {"steps": [{"weight": "50%", "bake": "1m"}]}}
LONG_STEP = {"canary": {"steps": [{"weight": "50%", "bake": "1h"}]}}
GOOD = {"r1": 0.005, "r2": 0.005}


def declared(*kpis: dict[str, Any], strategy: dict[str, Any] = ONE_STEP, **changes: Any) -> dict[str, Any]:
    """A CanaryRelease of one step, judged by `kpis`."""
    analysis = {"warmup": "0s", **changes.pop("analysis", {})}
    return spec(kpis=list(kpis) or [ERRORS], strategy=strategy, analysis=analysis, **changes)


def released(wanted: dict[str, Any] | None = None, failing: dict[str, float] = GOOD, **service: Any) -> World:
    """A world in which r2 is about to be released; it has `traffic`, in units of 10 requests a second."""
    world = World(wanted or declared(), counted=True, **service)
    world.serving()
    for each in world.services.values():
        each.failing = dict(failing)
    for name in world.services:
        world.change("r2", name)
    return world


def kpi(world: World, name: str = "errors", target: str = "orders") -> dict[str, Any]:
    return next(each for each in world.status["kpis"] if (each["name"], each["target"]) == (name, target))


def held(world: World) -> str:
    return str(world.condition("Held").get("reason", ""))


def messages(world: World, reason: Reason) -> list[str]:
    return [event.message for event in world.events if event.reason == reason]


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


def test_scrapes_that_are_slower_than_expected_are_told() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(60)
    for turn in range(24):
        world.scraped = turn % 6 == 0
        world.run(10, tick=5)
    assert kpi(world)["reason"] == Reason.NO_DATA
    assert "TRIMTAB_SCRAPE_INTERVAL" in kpi(world)["message"] or "no fresh samples" in kpi(world)["message"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_gauge_without_a_number_is_no_data(value: float | None) -> None:
    world = released(declared(LAG))
    world.services["orders"].levels = {} if value is None else {"r1": 4.0, "r2": value}
    world.run(300, tick=5)
    assert held(world) == Reason.NO_DATA


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


def proven_next_to_passing(*kpis: dict[str, Any]) -> World:
    """A world whose only step lacks nothing but a little time."""
    world = released(declared(*kpis, strategy={"canary": {"steps": [{"weight": "50%", "bake": "5m"}]}}))
    world.services["orders"].levels = {"r1": 4.0, "r2": 4.0}
    world.run(310)
    assert {each["verdict"] for each in world.status["kpis"]} == {"Pass"}
    assert world.status["phase"] == "Progressing"
    return world


def let_fail(world: World) -> None:
    """The candidate goes wrong, in whatever is measured."""
    world.services["orders"].failing["r2"] = 0.5
    world.services["orders"].levels["r2"] = 99.0


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
