"""Time: durations accumulate, so that neither jumps of the clock nor downtime pass or abort anything."""

from datetime import timedelta

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.domain.release.durations import seconds, spoken
from trimtab.domain.release.step import step


def baking() -> World:
    world = World(spec(strategy={"canary": {"steps": [{"weight": "10%", "bake": "10m"}]}})).serving()
    world.change("r2")
    world.run(70)
    assert world.status["progress"]["bake"] > 0
    return world


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 86400.0 * 365])
def test_a_jump_of_the_clock_counts_for_at_most_three_intervals(jump: float) -> None:
    world = baking()
    baked = world.status["progress"]["bake"]
    world.now += timedelta(seconds=jump)
    world.apply()
    assert baked <= world.status["progress"]["bake"] <= baked + 30
    assert world.order().weight == 10
    world.until("Promoted")


def test_a_release_goes_on_where_it_was_after_hours_without_an_operator() -> None:
    world = baking()
    world.advance(7200)
    world.apply()
    assert world.order().weight == 10
    assert world.outcomes == []
    world.until("Promoted")


def test_pods_are_not_late_because_nobody_looked() -> None:
    world = World().serving()
    world.services["orders"].broken.add("r2")
    world.change("r2")
    world.run(60)
    world.advance(7200)
    world.run(60)
    assert world.status["phase"] == "Progressing"


def test_a_restart_changes_no_decision() -> None:
    world = baking()
    first = step(world.observe(), world.now)
    again = step(world.observe(), world.now)
    assert first.state == again.state
    assert first.state.news == again.state.news


def test_looks_between_two_ticks_write_nothing_and_lose_no_time() -> None:
    world = baking()
    writes, baked = world.writes, world.status["progress"]["bake"]
    for _ in range(40):
        world.apply()
        world.advance(0.5)
    assert world.writes - writes <= 3
    assert world.status["progress"]["bake"] >= baked + 10


def test_the_next_look_is_at_a_tick_that_all_releases_share() -> None:
    world = baking()
    world.apply()
    assert world.after is not None
    assert (world.now.timestamp() + world.after) % 10 == pytest.approx(0, abs=0.01)


def test_a_bake_that_ends_before_the_next_tick_is_looked_at_in_time() -> None:
    world = World(spec(strategy={"canary": {"steps": [{"weight": "50%", "bake": "3s"}]}})).serving()
    world.change("r2")
    for _ in range(100):
        world.apply()
        if "bakes" in world.message:
            break
        world.work()
        world.advance(1)
    assert world.after is not None
    assert world.after <= 3
    world.advance(world.after)
    world.apply()
    assert world.order().weight == 100


def test_at_rest_nothing_is_to_be_looked_at_and_nothing_is_written() -> None:
    world = World().serving()
    world.change("r2")
    world.until("Promoted")
    world.run(20)
    writes = world.writes
    world.run(3600, tick=30)
    assert world.after is None
    assert world.writes == writes


@pytest.mark.parametrize(
    ("given", "text"),
    [(0, "0s"), (0.2, "1s"), (59.5, "1m"), (200, "3m20s"), (3600, "1h"), (3725, "1h2m5s"), (-5, "0s")],
)
def test_durations_for_people(given: float, text: str) -> None:
    assert spoken(given) == text


def test_durations_of_the_api() -> None:
    assert seconds("1h2m3s500ms") == 3723.5
