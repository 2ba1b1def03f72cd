"""What else a release needs to go on: open windows, gates, and its turn in the group."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.domain.release.world import BEGIN, World, spec

from trimtab.api.reasons import Reason
from trimtab.api.schedule import Window
from trimtab.domain.release.observation import Answer
from trimtab.domain.release.windows import is_open, next_opening, unknown_zone

SHUT = Answer(open=False, message="answered 503")


def gate(phase: str) -> dict[str, Any]:
    return {"name": "smoke", "webhook": {"url": "https://tests.example/smoke", "phase": phase}}


def window(**fields: Any) -> Window:
    return Window.model_validate({"from": "08:00", "to": "16:00", **fields})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "now", "expected"),
    [
        ({}, "2026-01-05T08:00", True),
        ({}, "2026-01-05T07:59", False),
        ({}, "2026-01-05T16:00", False),
        ({"days": ["Mon-Thu"]}, "2026-01-08T12:00", True),  # a Thursday
        ({"days": ["Mon-Thu"]}, "2026-01-09T12:00", False),
        ({"days": ["Fri-Mon"]}, "2026-01-11T12:00", True),
        ({"days": ["Fri-Mon"]}, "2026-01-06T12:00", False),
        ({"days": ["Mon"], "from": "22:00", "to": "06:00"}, "2026-01-06T05:00", True),  # that of Monday
        ({"days": ["Mon"], "from": "22:00", "to": "06:00"}, "2026-01-05T05:00", False),
        ({"from": "00:00", "to": "24:00"}, "2026-01-05T23:59", True),
        ({"timeZone": "Europe/Berlin"}, "2026-01-05T07:30", True),  # 08:30 there
        ({"timeZone": "Europe/Berlin"}, "2026-07-06T06:30", True),  # 08:30 there, in summer
        ({"timeZone": "Europe/Berlin"}, "2026-07-06T14:30", False),
        # the clocks of Berlin leap from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC
        ({"timeZone": "Europe/Berlin", "from": "01:30", "to": "03:30"}, "2026-03-29T00:45", True),
        ({"timeZone": "Europe/Berlin", "from": "01:30", "to": "03:30"}, "2026-03-29T01:45", False),
    ],
)
def test_when_a_window_is_open(fields: dict[str, Any], now: str, expected: bool) -> None:
    assert is_open([window(**fields)], utc(now)) is expected


def test_when_the_next_window_opens() -> None:
    assert next_opening([window(days=["Mon"])], utc("2026-01-05T17:00")) == utc("2026-01-12T08:00")
    assert next_opening([window(), window(**{"from": "18:00", "to": "19:00"})], utc("2026-01-05T17:00")) == utc(
        "2026-01-05T18:00"
    )


def test_without_windows_it_is_always_open_and_unknown_zones_are_found() -> None:
    assert is_open([], BEGIN)
    assert unknown_zone([window(timeZone="Europe/Berlin")]) == ""
    assert unknown_zone([window(timeZone="Europe/Nowhere")]) == "Europe/Nowhere"
    assert unknown_zone([window(timeZone="Europe")]) == "Europe"


def test_a_release_starts_when_its_window_opens() -> None:
    world = World(spec(windows=[{"from": "13:00", "to": "14:00"}])).serving()  # it is noon
    world.change("r2")
    world.apply()
    assert world.status["phase"] == "Queued"
    assert world.condition("Ready")["reason"] == Reason.OUTSIDE_WINDOW
    assert world.after == pytest.approx((BEGIN + timedelta(hours=1) - world.now).total_seconds())
    writes = world.writes
    world.run(600, tick=30)
    assert world.writes == writes
    world.now = BEGIN + timedelta(hours=1)
    world.until("Promoted")


def test_a_window_that_closes_stops_the_next_step_and_not_the_bake_nor_an_abort() -> None:
    world = World(spec(windows=[{"from": "08:00", "to": "12:01"}])).serving()
    world.change("r2")
    world.run(300)
    assert world.order().weight == 10
    assert world.status["phase"] == "Progressing"
    assert world.condition("Ready")["reason"] == Reason.OUTSIDE_WINDOW
    world.verb("abort")
    world.until("Aborted")


def test_a_time_zone_that_nobody_knows_is_said_and_nothing_starts() -> None:
    world = World(spec(windows=[{"from": "08:00", "to": "16:00", "timeZone": "Europe/Nowhere"}])).serving_anyway()
    world.change("r2")
    world.run(30)
    assert world.condition("Stalled")["reason"] == Reason.INVALID_SPEC
    assert world.order().candidate == ""


def test_a_gate_before_the_release_keeps_it_from_starting() -> None:
    world = World(spec(gates=[gate("BeforeRelease")])).serving()
    world.gates["smoke"] = SHUT
    world.change("r2")
    world.run(60)
    assert world.status["phase"] == "Queued"
    assert world.condition("Ready")["reason"] == Reason.GATE_CLOSED
    assert "answered 503" in world.message
    assert world.order().candidate == ""
    world.gates.clear()
    world.until("Promoted")


def test_a_gate_before_each_step_is_asked_once_for_each_and_finds_pods_before_the_first_request() -> None:
    world = World(spec(gates=[gate("BeforeStep")])).serving()
    world.gates["smoke"] = SHUT
    world.change("r2")
    world.run(60)
    assert world.services["orders"].ready("r2") == 1
    assert world.services["orders"].weight == 0
    world.gates.clear()
    world.asked.clear()
    world.until("Promoted")
    assert [name.split("/")[2] for name in world.asked] == ["0", "1"]


def test_a_gate_before_the_promotion() -> None:
    world = World(spec(gates=[gate("BeforePromotion")])).serving()
    world.gates["smoke"] = SHUT
    world.change("r2")
    world.run(400)
    assert world.order().weight == 50
    assert world.condition("Ready")["reason"] == Reason.GATE_CLOSED
    world.gates.clear()
    world.until("Promoted")
    assert world.outcomes == ["Promoted"]


def test_a_closed_gate_is_asked_again_once_an_interval() -> None:
    world = World(spec(gates=[gate("BeforeRelease")])).serving()
    world.gates["smoke"] = SHUT
    world.change("r2")
    world.run(100, tick=1)
    assert 9 <= len(world.asked) <= 11
    assert len(set(world.asked)) == len(world.asked)


def test_a_consent_that_was_given_is_not_asked_for_again_after_a_restart() -> None:
    world = World(spec(gates=[gate("BeforeStep")])).serving()
    world.change("r2")
    world.run(60)
    asked = list(world.asked)
    world.answers = {}
    world.run(20)
    assert world.asked == asked


def member(name: str, phase: str, ticket: str = "2026-01-05T11:00:00Z", **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"targets": [{"name": name}], "concurrency": {"group": "shop", "max": 1, **changes}},
        "status": {"progress": {"version": 1, "phase": phase, "ticket": ticket}},
    }


@pytest.mark.parametrize(
    ("others", "most", "starts"),
    [
        ([], 1, True),
        ([member("a", "Idle")], 1, True),
        ([member("a", "Stepping")], 1, False),
        ([member("a", "Returning")], 1, False),
        ([member("a", "Stepping", max=2)], 2, True),
        ([member("a", "Stepping", max=1)], 2, False),  # the smallest limit holds
        ([member("a", "Stepping", max=2), member("b", "Watching", max=2)], 2, False),
        ([member("a", "Queued")], 1, False),  # its ticket is older
        ([member("a", "Settling")], 1, False),
        ([member("a", "Queued", ticket="2026-01-05T23:00:00Z")], 1, True),
        ([member("a", "Queued", ticket="")], 1, True),  # it cannot start itself
        ([member("a", "Stepping", group="other")], 1, True),
    ],
)
def test_turns_in_a_group(others: list[dict[str, Any]], most: int, starts: bool) -> None:
    world = World(spec(concurrency={"group": "shop", "max": most})).serving()
    world.others = others
    world.change("r2")
    world.run(30)
    assert (world.order().candidate == "r2") is starts
    if not starts:
        assert world.status["phase"] == "Queued"
        assert "waits in group shop for a" in world.message
        assert world.status["queuedAt"]
        writes = world.writes
        world.run(120)
        assert world.writes == writes
        world.others = []
        world.until("Promoted")


def test_nobody_starts_before_everybody_could_read_its_ticket() -> None:
    world = World(spec(concurrency={"group": "shop"})).serving()
    world.change("r2")
    world.run(4, tick=1)
    assert world.status["phase"] == "Queued"
    world.run(4, tick=1)
    assert world.order().candidate == "r2"


def test_two_that_come_at_once_take_turns() -> None:
    one, two = (World(spec(concurrency={"group": "shop"})).serving() for _ in range(2))
    for world in (one, two):
        world.change("r2")
    active = set()
    for _ in range(400):
        for name, world, other in (("a", one, two), ("b", two, one)):
            seen = dict(other.observe().resource)
            seen["metadata"] = {"name": f"z-{name}", "uid": f"uid-z-{name}"}
            seen["spec"] = {**seen["spec"], "targets": [{"name": f"z-{name}"}]}
            world.others = [seen]
            world.apply()
            world.work()
            world.advance(2)
        running = [world.order().candidate for world in (one, two)]
        assert running.count("r2") <= 1
        active.add(tuple(running))
    assert active >= {("r2", ""), ("", "r2")}
    assert one.outcomes == two.outcomes == ["Promoted"]
