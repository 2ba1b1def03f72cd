"""Several Microservices in one release, and targets that are not there or not ours."""

from typing import Any

from tests.unit.domain.release.service import Service
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason

BOTH = [{"name": "orders"}, {"name": "stock"}]
ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}


def two(**changes: Any) -> World:
    world = World(spec(targets=BOTH, **changes))
    world.until("Idle")
    world.run(20)
    return world


def test_it_starts_when_nothing_has_changed_for_five_seconds() -> None:
    world = two()
    world.change("r2")
    world.run(4, tick=1)
    assert world.status["phase"] == "Settling"
    world.change("r2", "stock")
    world.run(4, tick=1)
    assert world.status["phase"] == "Settling"
    world.run(3, tick=1)
    assert world.status["phase"] == "Progressing"
    assert world.target()["candidate"] == world.target("stock")["candidate"] == "r2"


def test_each_step_moves_the_targets_in_list_order_each_in_effect_before_the_next() -> None:
    world = two()
    world.change("r2")
    world.change("r2", "stock")
    world.until("Progressing")
    assert world.order("orders").weight == 10
    while world.order("stock").weight == 0:
        assert world.services["stock"].weight == 0
        world.run(2)
    assert world.services["orders"].weight == 10
    world.until("Promoted")
    assert {world.target(name)["stable"] for name in ("orders", "stock")} == {"r2"}
    assert len(world.status["history"]) == 1


def test_one_that_fails_brings_both_back_in_reverse_order() -> None:
    world = two(kpis=[ERRORS])
    for name in ("orders", "stock"):
        world.judge("Pass", "errors", name=name)
        world.change("r2", name)
    world.until("Progressing")
    while not (world.services["stock"].weight and world.services["orders"].weight):
        world.run(2)
    world.judge("Fail", "errors", name="stock")
    world.apply()
    assert world.order("stock").weight == 0
    assert world.order("orders").weight == 10
    world.until("Aborted")
    for name in ("orders", "stock"):
        assert world.services[name].weight == 0
        assert world.target(name)["rejected"]["revision"] == "r2"
        assert world.target(name)["stable"] == "r1"


def test_a_target_that_cannot_go_back_does_not_keep_the_other() -> None:
    world = two()
    for name in ("orders", "stock"):
        world.change("r2", name)
    world.until("Progressing")
    while not (world.services["stock"].weight and world.services["orders"].weight):
        world.run(2)
    world.services["stock"].broken.add("r1")
    world.work()
    world.verb("abort")
    world.run(120)
    assert world.services["stock"].weight > 0
    assert world.services["orders"].weight == 0


def test_only_what_has_changed_is_released() -> None:
    world = two()
    world.change("r2", "stock")
    world.until("Progressing")
    world.run(60)
    assert world.order("orders").candidate == ""
    assert world.status["releaseID"] == "r2"
    world.until("Promoted")


def test_another_target_that_changes_in_the_midst_supersedes() -> None:
    world = two()
    world.change("r2")
    world.until("Progressing")
    world.run(60)
    world.change("r2", "stock")
    world.until("Promoted")
    assert world.outcomes == ["Promoted", "Superseded"]
    assert world.target("stock")["stable"] == "r2"


def test_a_target_that_the_spec_drops_ends_the_release_of_both() -> None:
    world = two()
    for name in ("orders", "stock"):
        world.change("r2", name)
    world.until("Progressing")
    world.run(60)
    world.spec = spec(targets=BOTH[:1])
    world.generation += 1
    world.until("Promoted")
    assert world.outcomes == ["Promoted", "Superseded"]
    assert [target["name"] for target in world.status["targets"]] == ["orders"]


def test_a_target_that_does_not_exist_stalls_with_its_name() -> None:
    world = World(spec(targets=BOTH))
    del world.services["stock"]
    world.run(20)
    assert world.condition("Stalled")["reason"] == Reason.TARGET_NOT_FOUND
    assert "stock" in world.message
    assert world.order("orders").stable == "r1"


def test_a_target_that_goes_in_the_midst_ends_the_release() -> None:
    world = two()
    for name in ("orders", "stock"):
        world.change("r2", name)
    world.until("Progressing")
    world.run(60)
    del world.services["stock"]
    world.run(300)
    assert "Superseded" in world.outcomes
    assert "stock went away" in world.status["history"][-1]["message"]


def test_of_two_policies_with_one_target_the_older_acts() -> None:
    world = World()
    other: dict[str, Any] = {
        "metadata": {"name": "older", "uid": "uid-older", "creationTimestamp": "2025-01-01T00:00:00Z"},
        "spec": {"targets": [{"name": "orders"}]},
    }
    world.others = [other]
    world.run(20)
    assert world.condition("Stalled")["reason"] == Reason.TARGET_CONFLICT
    assert "targets" not in world.status
    world.others = [{**other, "metadata": {**other["metadata"], "creationTimestamp": "2026-01-02T00:00:00Z"}}]
    world.until("Idle")
    assert world.order().stable == "r1"


def test_retry_waits_for_the_release_of_another_target() -> None:
    world = two()
    for name in ("orders", "stock"):
        world.change("r2", name)
    world.until("Progressing")
    world.services["stock"].failure = "MigrationFailed"
    world.until("Aborted")
    assert "trimtab release retry orders" in world.message
    world.services["stock"].failure = ""
    world.change("r3", "stock")
    world.until("Progressing")
    world.verb("retry")
    world.apply()
    assert world.status["verb"]["message"] == "a release is under way: retry orders when it is over"
    world.until("Aborted")
    world.verb("retry", nonce="2")
    world.until("Promoted")
    assert {world.target(name)["stable"] for name in ("orders", "stock")} == {"r2", "r3"}


def test_a_microservice_that_was_made_anew_between_two_looks_begins_anew() -> None:
    world = World()
    world.until("Idle")
    world.run(20)
    world.services["orders"] = Service(name="orders", uid="uid-of-another", revision="r9", history=["r9"])
    world.run(60)
    assert world.target()["stable"] == "r9", "its first revision needs no release"
    assert world.order().stable == "r9"
    assert world.status["phase"] == "Idle"


def test_a_microservice_that_is_made_anew_in_its_release_ends_that() -> None:
    world = World()
    world.until("Idle")
    world.run(20)
    world.change("r2")
    world.until("Progressing")
    world.services["orders"] = Service(name="orders", uid="uid-of-another", revision="r9", history=["r9"])
    world.run(120)
    assert world.outcomes == ["Superseded"]
    assert world.order().stable == "r9"
