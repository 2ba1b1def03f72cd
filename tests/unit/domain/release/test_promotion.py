"""After the steps: requests first, then the address, then the watch, then the old revision retires."""

from typing import Any

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain.release.observation import Answer

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
_MATCH = [{"header": {"name": "x-canary", "exact": "1"}}]


def orders(world: World, until: str, **changes: Any) -> list[tuple[int, int, str]]:
    """(weight, capacity, address) of all orders about the candidate until that phase."""
    seen: list[tuple[int, int, str]] = []
    for _ in range(600):
        world.apply()
        order = world.order()
        shown = (order.weight, order.capacity, order.address)
        if order.candidate and (not seen or shown != seen[-1]):
            seen.append(shown)
        if world.status["phase"] == until:
            return seen
        world.work()
        world.advance(2)
    raise AssertionError(world.message)


@pytest.mark.parametrize(
    ("strategy", "routed", "expected"),
    [
        (
            {"canary": {"steps": [{"weight": "25%", "bake": "30s"}]}},
            True,
            [(25, 25, "Stable"), (100, 100, "Stable"), (100, 100, "Candidate")],
        ),
        (
            {"canary": {"steps": [{"weight": "25%", "bake": "30s"}]}},
            False,
            [(25, 25, "Both"), (100, 100, "Candidate")],
        ),
        ({"allAtOnce": {"bake": "30s"}}, True, [(100, 100, "Stable"), (100, 100, "Candidate")]),
        ({"blueGreen": {"bake": "30s"}}, True, [(0, 100, "Stable"), (100, 100, "Stable"), (100, 100, "Candidate")]),
        ({"blueGreen": {"bake": "30s"}}, False, [(0, 100, "Stable"), (100, 100, "Candidate")]),
        (
            {"abTest": {"match": _MATCH, "bake": "30s"}},
            True,
            [(0, 100, "Stable"), (100, 100, "Stable"), (100, 100, "Candidate")],
        ),
        (
            {"mirror": {"percent": "20%", "bake": "30s", "then": {"allAtOnce": {"bake": "30s"}}}},
            True,
            [(0, 20, "Stable"), (100, 100, "Stable"), (100, 100, "Candidate")],
        ),
    ],
)
def test_orders_of_each_strategy(strategy: dict[str, Any], routed: bool, expected: list[tuple[int, int, str]]) -> None:
    world = World(spec(strategy=strategy), routed=routed).serving()
    world.change("r2")
    assert orders(world, "Promoted") == expected


def test_matches_and_copies_take_effect_in_their_stage_only() -> None:
    strategy = {"mirror": {"percent": "20%", "bake": "30s", "then": {"abTest": {"match": _MATCH, "bake": "30s"}}}}
    world = World(spec(strategy=strategy)).serving()
    world.change("r2")
    seen: list[tuple[int, bool]] = []
    while world.status.get("phase") != "Promoted":
        world.run(10)
        shown = (world.order().mirror, world.order().matched)
        if not seen or seen[-1] != shown:
            seen.append(shown)
    assert seen == [(20, False), (0, True), (0, False)]


def test_a_preview_has_pods_and_no_traffic_and_is_judged_by_its_pods_alone() -> None:
    world = World(spec(strategy={"blueGreen": {"bake": "30s", "approval": "Required"}}, kpis=[ERRORS])).serving()
    world.change("r2")
    world.until("AwaitingApproval")
    assert world.services["orders"].ready("r2") == 4
    assert world.order().weight == 0
    world.verb("promote")
    world.until("Held")
    assert world.order().weight == 100
    assert world.order().address == "Stable"


def test_the_watch_goes_back_when_a_kpi_fails_and_the_old_pods_are_still_there() -> None:
    world = World(spec(watch="10m", kpis=[ERRORS])).serving()
    world.judge("Pass", "errors")
    world.change("r2")
    world.until("Watching")
    world.run(60)
    assert world.services["orders"].ready("r1") == 4
    world.judge("Fail", "errors")
    world.until("Aborted")
    assert world.target()["stable"] == "r1"
    assert world.services["orders"].weight == 0
    assert world.outcomes == ["Aborted"]


def test_the_watch_waits_while_nobody_can_judge() -> None:
    world = World(spec(watch="1m", kpis=[ERRORS])).serving()
    world.judge("Pass", "errors")
    world.change("r2")
    world.until("Watching")
    world.judge("ProviderError", "errors", Reason.PROVIDER_ERROR)
    world.run(300)
    assert world.status["phase"] == "Watching"
    assert "the watch waits" in world.message
    world.judge("Pass", "errors")
    world.until("Promoted")


def test_the_old_revision_keeps_its_pods_while_its_counters_go_on() -> None:
    world = World(spec(watch="0s"), counted=True).serving()
    world.change("r2")
    world.until("Retiring")
    service = world.services["orders"]
    for _ in range(60):
        world.apply()
        world.work()
        world.advance(2)
        for (_, revision, _), samples in world.samples.items():
            if revision == "r1" and samples and samples[-1][0] > world.true - 10:
                samples[-1] = (samples[-1][0], samples[-1][1] + world.true)  # somebody still calls it
    assert service.ready("r1") == 4
    world.until("Promoted", limit=120)
    assert service.ready("r1") == 0


def test_without_counters_the_old_revision_stays_for_the_grace_time_and_half_a_minute() -> None:
    world = World(spec(watch="0s")).serving()
    world.change("r2")
    world.until("Retiring")
    world.run(50)
    assert world.order().candidate == "r2"
    world.until("Promoted", limit=30)


def test_the_old_revision_retires_although_a_pod_of_the_new_one_is_not_ready() -> None:
    """It has all requests, and what the pod waits for may be the room that the old ones hold."""
    world = retiring(lost=0)
    service = world.services["orders"]
    service.late, service.wanted = True, 5
    world.until("Promoted", limit=300)
    assert world.services["orders"].count("r1") == 0


def retiring(*, lost: int) -> World:
    """A release in its last phase, with so many pods of the new revision that are never ready again."""
    world = World(spec(watch="0s")).serving()
    world.change("r2")
    world.until("Retiring")
    world.services["orders"].lost = lost
    return world


def test_a_release_that_cannot_retire_says_why_and_can_still_be_aborted() -> None:
    world = retiring(lost=1)
    world.run(300)
    assert world.status["phase"] == "Retiring"
    assert "orders: pods and routes are on the way" in world.message
    world.verb("abort")
    world.until("Aborted")
    assert world.target()["stable"] == "r1"
    assert world.services["orders"].weight == 0


def test_a_new_revision_gets_a_release_out_that_cannot_retire() -> None:
    world = retiring(lost=4)
    world.run(300)
    world.services["orders"].lost = 0
    world.services["orders"].broken.add("r2")
    world.change("r3")
    world.until("Promoted", limit=900)
    assert world.outcomes == ["Promoted", "Superseded"]
    assert world.target()["stable"] == "r3"


def test_what_can_no_longer_be_aborted_says_so() -> None:
    world = retiring(lost=0)
    while world.order().candidate:
        world.run(2)
    world.verb("abort")
    world.apply()
    assert world.status["verb"]["result"] == "Refused"
    assert "stable already" in world.status["verb"]["message"]


def test_promote_full_skips_judgement_and_is_on_record() -> None:
    world = World(spec(kpis=[ERRORS], watch="1h")).serving()
    world.change("r2")
    world.until("Held")
    world.verb("promote-full")
    world.judge("Fail", "errors")
    world.until("Promoted")
    assert world.status["history"][0]["reason"] == Reason.PROMOTED_UNJUDGED
    assert any(event.reason == Reason.PROMOTED_UNJUDGED and event.type == "Warning" for event in world.events)


@pytest.mark.parametrize("when", ["Queued", "Progressing"])
def test_promote_full_waits_for_a_window(when: str) -> None:
    open_, closed = {"days": ["Mon"], "from": "12:00", "to": "12:02"}, {"days": ["Tue"], "from": "01:00", "to": "02:00"}
    world = World(spec(kpis=[ERRORS], windows=[open_])).serving()
    world.spec = spec(kpis=[ERRORS], windows=[closed if when == "Queued" else open_])
    world.change("r2")
    world.until(when)
    world.spec = spec(kpis=[ERRORS], windows=[closed])
    world.verb("promote-full")
    world.run(300)
    assert world.status["verb"]["result"] == "Accepted"
    assert world.order().weight in (0, 10)
    assert "waits for a window" in world.message
    world.spec = spec(kpis=[ERRORS])
    world.until("Promoted")
    assert world.status["history"][0]["reason"] == Reason.PROMOTED_UNJUDGED


def test_promote_full_waits_for_the_gates_of_the_release_alone() -> None:
    phases = ("BeforeRelease", "BeforeStep", "BeforePromotion")
    gates = [{"name": phase.lower(), "webhook": {"url": "https://tests.example/", "phase": phase}} for phase in phases]
    world = World(spec(gates=gates)).serving()
    world.gates = {phase.lower(): Answer(open=False, message="no") for phase in phases}
    world.change("r2")
    world.until("Queued")
    world.verb("promote-full")
    world.run(60)
    assert world.status["phase"] == "Queued"
    world.gates["beforerelease"] = Answer(open=True, message="yes")
    world.until("Promoted")


def test_promote_full_waits_for_its_turn() -> None:
    world = World(spec(concurrency={"group": "payments", "max": 1})).serving()
    other = World(spec(concurrency={"group": "payments", "max": 1}, targets=[{"name": "stock"}])).serving()
    other.change("r2", "stock")
    other.until("Progressing")
    first = other.observe().resource
    world.others = [{**first, "metadata": {**first["metadata"], "name": "another", "uid": "uid-another"}}]
    world.change("r2")
    world.run(30)
    world.verb("promote-full")
    world.run(60)
    assert world.status["phase"] == "Queued"
    assert "for another" in world.message
    world.others = []
    world.until("Promoted")


def test_promote_full_still_waits_for_pods() -> None:
    world = World().serving()
    world.services["orders"].broken.add("r2")
    world.change("r2")
    world.run(10)
    world.verb("promote-full")
    world.run(60)
    assert world.services["orders"].weight == 0
    world.until("Aborted", limit=700)


def test_a_new_revision_while_the_old_one_retires_waits_for_the_end() -> None:
    world = World(spec(watch="0s")).serving()
    world.change("r2")
    world.until("Retiring")
    world.change("r3")
    world.until("Progressing")
    assert world.outcomes == ["Promoted"]
    assert world.target()["stable"] == "r2"
    assert world.target()["candidate"] == "r3"
