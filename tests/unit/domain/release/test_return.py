"""The way back: aborts, newer revisions, reverts; and what stays rejected."""

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain.release.step import step


def under_way(world: World, revision: str = "r2") -> World:
    world.change(revision)
    world.run(60)
    assert world.services["orders"].weight == 10
    return world


def test_a_newer_revision_first_returns_traffic_and_then_begins_anew() -> None:
    world = under_way(World().serving())
    world.change("r3")
    world.apply()
    assert world.order().weight == 0
    assert world.order().candidate == "r2"
    assert world.status["phase"] == "Aborting"
    world.until("Progressing")
    assert world.order().candidate == "r3"
    assert world.services["orders"].count("r2") == 0
    assert world.outcomes == ["Superseded"]
    assert "rejected" not in world.target()
    world.until("Promoted")
    assert world.outcomes == ["Promoted", "Superseded"]


def test_a_revert_ends_the_release_and_rejects_nothing() -> None:
    world = under_way(World().serving())
    world.change("r1")
    world.until("Idle")
    assert world.outcomes == ["Reverted"]
    assert world.services["orders"].rejected == []
    world.change("r2")
    world.until("Promoted")


def test_a_rejected_revision_stays_rejected_and_is_never_tried_again() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.until("Aborted")
    writes = world.writes
    world.run(3600, tick=20)
    assert world.writes == writes
    assert world.order().candidate == ""
    assert world.after is None
    assert world.condition("Stalled")["reason"] == Reason.ABORTED
    assert "AbortRequested" in world.message


def test_another_revision_lifts_the_rejection_and_so_coming_back_to_it_is_a_new_release() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.until("Aborted")
    world.change("r1")
    world.until("Idle")
    world.annotations.clear()
    world.change("r2")
    world.until("Promoted")
    assert world.status["releaseID"] == "r2-2"


def test_retry_releases_it_again_under_another_id() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.until("Aborted")
    world.verb("retry", nonce="2")
    world.until("Progressing")
    assert world.status["releaseID"] == "r2-2"
    assert world.status["verb"]["result"] == "Accepted"
    world.verb("abort", release="r2", nonce="3")
    world.apply()
    assert world.status["verb"]["result"] == "Refused"
    world.until("Promoted")


def test_a_candidate_that_never_got_ready_leaves_although_its_pods_never_will_be() -> None:
    world = World().serving()
    world.services["orders"].broken.add("r2")
    world.change("r2")
    world.until("Aborted", limit=800)
    assert world.services["orders"].count("r2") == 0
    assert world.services["orders"].ready("r1") == 4


def test_pods_of_the_candidate_go_only_after_its_last_requests() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.run(40)
    assert world.services["orders"].weight == 0
    assert world.services["orders"].count("r2") == 1
    world.run(40)
    assert world.services["orders"].count("r2") == 0


def test_a_policy_that_is_made_anew_takes_over_what_was_rejected() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.until("Aborted")
    world.status, world.annotations = {}, {}
    world.services["orders"].order = None  # a new UID starts anew
    world.until("Aborted", limit=60)
    world.run(60)
    assert world.order().candidate == ""
    assert world.target()["rejected"]["revision"] == "r2"
    world.verb("retry")
    world.until("Promoted")


def test_a_status_that_was_lost_goes_on_above_the_sequence_that_the_service_has_seen() -> None:
    world = under_way(World().serving())
    before = world.order().sequence
    world.status = {}
    world.apply()
    assert world.order().sequence > before
    assert world.order().candidate == ""
    world.until("Promoted")


def test_it_stays_at_zero_whatever_comes() -> None:
    world = under_way(World().serving())
    world.verb("abort")
    world.apply()
    service = world.services["orders"]
    for seconds in range(300):
        world.apply()
        assert world.order().weight == 0
        world.work()
        service.wanted = 4 + seconds % 3
        if seconds % 7 == 0:
            service.pods.pop(next(iter(service.pods)))
        if seconds % 5 == 0:
            step(world.observe(), world.now)
        world.advance(2)


@pytest.mark.parametrize("phase", ["Watching", "Promoting"])
def test_everything_can_come_back_until_the_old_revision_retires(phase: str) -> None:
    world = World(spec(watch="10m")).serving()
    world.change("r2")
    world.until(phase)
    world.verb("abort")
    world.until("Aborted")
    assert world.target()["stable"] == "r1"


def test_when_stable_has_no_ready_pod_the_way_back_waits_and_says_so() -> None:
    world = under_way(World().serving())
    service = world.services["orders"]
    service.broken.add("r1")
    world.work()
    world.verb("abort")
    world.run(120)
    assert service.weight > 0
    assert world.status["phase"] == "Aborting"
    assert service.count("r2") > 0
    service.broken.clear()
    world.until("Aborted")
