"""Releases from end to end on the memory cluster: both reconcilers, told apart only by what each publishes."""

from typing import Any

import pytest
from tests.component.release_world import RELEASE, ReleaseWorld, canary_release, exposed, internal
from tests.component.world import ORDERS

from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.objects import Object
from trimtab.ports.cluster import ConflictError, LeaseLostError
from trimtab.ports.notifier import NotifierError
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

KEY = Key("CanaryRelease", "shop", "orders")
OLD, NEW = "registry.example/orders:1", "registry.example/orders:2"
APPROVED = {"canary": {"steps": [{"weight": "25%", "bake": "5s", "approval": "Required"}]}}
GATED = [{"name": "smoke", "webhook": {"url": "https://tests.example/smoke"}}]
CHANNEL = [{"webhook": {"url": "https://hooks.example/x"}}]


async def at_rest(*services: Object, **spec: Any) -> ReleaseWorld:
    """Services that run under a release policy; nothing is released yet."""
    world = ReleaseWorld()
    for service in services:
        world.server.create(service)
    world.server.create(canary_release(*(service["metadata"]["name"] for service in services), **spec))
    await world.settle()
    assert world.phase() == "Idle"
    return world


def shares(world: ReleaseWorld) -> list[int]:
    """The distinct shares of whatever is not the first stable revision, in order, from when that had everything."""
    stable = next(arm for weights in world.weights for arm in weights if arm != "orders")
    given = [100 - weights.get(stable, 0) for weights in world.weights]
    given = given[given.index(0) :]
    return [share for share, before in zip(given, [None, *given], strict=False) if share != before]


async def test_a_good_revision_is_promoted_step_by_step_with_a_router() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Promoted", ["Promoted"])
    assert world.serving() == {NEW}
    assert shares(world)[-4:] == [0, 25, 50, 100]
    candidate = world.release()["targets"][0]["stable"]
    assert world.started[f"orders-{candidate}"] == 2, "a judged pod was started twice"


async def test_a_good_revision_is_promoted_without_a_router() -> None:
    world = await at_rest(internal())
    world.deploy("2")
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Promoted", ["Promoted"])
    assert world.serving() == {NEW}


async def test_without_a_metrics_store_a_release_goes_by_time() -> None:
    world = ReleaseWorld()
    world.metrics = None
    world.start()
    world.server.create(exposed())
    world.server.create(canary_release())
    await world.settle()
    world.deploy("2")
    await world.settle()
    assert world.phase() == "Promoted"


async def test_a_revision_that_never_gets_ready_goes_back_and_is_remembered() -> None:
    world = await at_rest(exposed())
    world.broken.add("2")
    world.deploy("2")
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Aborted", ["Aborted"])
    assert world.serving() == {OLD}
    assert shares(world)[-1] == 0
    rejected = world.server.get(ORDERS)["status"]["rejectedRevisions"]  # type: ignore[index]
    assert [each["reason"] for each in rejected] == ["NotReadyWithin"]
    assert all("orders-1" not in pod["metadata"]["name"] for pod in world.pods() if not pod["status"])


async def test_a_revision_that_crashes_goes_back() -> None:
    world = await at_rest(exposed())
    world.crashing.add("2")
    world.deploy("2")
    await world.settle()
    assert (world.phase(), world.serving()) == ("Aborted", {OLD})


async def test_what_was_rejected_stays_so_until_retry() -> None:
    world = await at_rest(exposed())
    world.broken.add("2")
    world.deploy("2")
    await world.settle()
    world.broken.clear()
    world.start()
    await world.settle()
    assert (world.phase(), world.serving()) == ("Aborted", {OLD})
    world.say("retry")
    await world.settle()
    assert (world.phase(), world.serving()) == ("Promoted", {NEW})


async def test_a_new_revision_on_the_way_starts_anew() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    for _ in range(4):
        await world.round()
    world.deploy("3")
    await world.settle()
    assert world.outcomes() == ["Promoted", "Superseded"]
    assert world.serving() == {"registry.example/orders:3"}


async def test_a_revert_on_the_way_rejects_nothing() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    for _ in range(4):
        await world.round()
    world.deploy("1")
    await world.settle()
    assert world.outcomes() == ["Reverted"]
    assert world.serving() == {OLD}
    assert not world.server.get(ORDERS)["status"].get("rejectedRevisions")  # type: ignore[index]


async def test_a_person_aborts_and_a_stale_verb_is_refused() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    world.say("abort", release="another")
    await world.round()
    assert world.release()["verb"]["result"] == "Refused"
    world.say("abort", nonce="2")
    await world.settle()
    assert (world.phase(), world.serving()) == ("Aborted", {OLD})
    assert world.release()["verb"]["result"] == "Accepted"


async def test_an_approval_is_waited_for() -> None:
    world = await at_rest(exposed(), strategy=APPROVED)
    world.deploy("2")
    await world.until("AwaitingApproval")
    for _ in range(10):
        await world.round()
    assert world.phase() == "AwaitingApproval"
    world.say("promote")
    await world.settle()
    assert (world.phase(), world.serving()) == ("Promoted", {NEW})


async def test_a_gate_is_asked_once_the_wait_is_recorded_and_its_answer_moves_the_release() -> None:
    world = await at_rest(exposed(), gates=GATED)
    world.gates.open = False
    world.deploy("2")
    await world.until("Progressing", "Held")
    for _ in range(10):
        await world.round()
    assert world.gates.asked
    assert shares(world)[-1] == 0
    world.gates.open = True
    await world.settle()
    assert (world.phase(), world.serving()) == ("Promoted", {NEW})


async def test_notices_are_told_and_a_channel_that_fails_delays_nothing() -> None:
    world = await at_rest(exposed(), notify=CHANNEL)
    world.notifier.problem = NotifierError("hooks.example answered 503")
    world.deploy("2")
    await world.until("Promoted")
    assert [notice["event"] for notice in world.release()["notices"]] == ["Promoted"]
    world.notifier.problem = NotifierError("hooks.example answered 404", permanent=True)
    world.start()  # what was not told is in the status
    await world.settle()
    assert "notices" not in world.release()
    assert ("Warning", "NotificationFailed") in {(each.type, each.reason) for _, each in world.recorder.events}


async def test_a_notice_is_told_once_and_leaves_the_status() -> None:
    world = await at_rest(exposed(), notify=CHANNEL)
    world.deploy("2")
    await world.settle()
    assert [notice.event for notice, _ in world.notifier.delivered] == ["Promoted"]
    assert "notices" not in world.release()


async def test_two_services_go_together_and_come_back_together() -> None:
    world = await at_rest(internal(), internal("stock"))
    world.broken.add("2")
    world.deploy("2")
    world.deploy("9", "stock")
    await world.settle()
    assert world.phase() == "Aborted"
    assert (world.serving(), world.serving("stock")) == ({OLD}, {"registry.example/stock:1"})


async def test_of_two_releases_of_one_service_the_older_acts() -> None:
    world = await at_rest(exposed())
    world.server.create(canary_release(name="zweitens"))
    await world.settle()
    assert world.phase("zweitens") == "Stalled"
    world.server.delete(RELEASE)
    await world.settle()
    assert world.phase("zweitens") == "Idle"


async def test_the_end_of_the_policy_is_the_end_of_its_release() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    for _ in range(4):
        await world.round()
    world.server.delete(RELEASE)
    await world.settle()
    assert world.serving() == {OLD}
    assert world.children()["Deployment"] == ["orders"]


async def test_an_idle_release_costs_no_request_and_no_query() -> None:
    world = await at_rest(exposed())
    assert world.metrics is not None
    before = (world.cluster.requests, world.metrics.reads, len(world.server.history))
    for _ in range(5):
        await world.round()
    assert (world.cluster.requests, world.metrics.reads, len(world.server.history)) == before
    assert not world.queue.is_preferred(KEY)


async def test_while_it_is_under_way_a_release_and_its_service_go_first() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    assert world.queue.is_preferred(KEY)
    assert world.queue.is_preferred(Key("Microservice", "shop", "orders"))
    await world.settle()
    assert not world.queue.is_preferred(KEY)
    assert not world.queue.is_preferred(Key("Microservice", "shop", "orders"))


async def test_a_decision_from_a_stale_look_is_refused() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.until("Progressing")
    world.cluster.stale = True
    world.say("pause")
    for _ in range(3):
        world.clock.advance(5)
    with pytest.raises(ConflictError):
        await world.releases.reconcile(Run(KEY))


async def test_a_stale_leader_decides_nothing() -> None:
    world = await at_rest(exposed())
    world.deploy("2")
    await world.reconcile()
    before = len(world.server.history)
    world.start(lease=MemoryLease(lambda: 0.0, until=0.0))
    with pytest.raises(LeaseLostError):
        await world.releases.reconcile(Run(KEY))
    assert len(world.server.history) == before


async def test_a_spec_that_does_not_parse_says_where_and_not_what() -> None:
    world = ReleaseWorld()
    world.server.create(canary_release(kpis="s3cret"))
    await world.settle()
    (ready,) = [each for each in world.release()["conditions"] if each["type"] == "Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSpec")
    assert "s3cret" not in str(world.release())
