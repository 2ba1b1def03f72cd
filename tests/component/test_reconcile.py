"""The Microservice reconciler on the memory cluster: quiet when nothing differs, and unharmed by any kill."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.component.world import ORDERS, World, microservice

from trimtab.adapters.memory.cluster import Fault
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.outcome import Done
from trimtab.ports.cluster import ConflictError, LeaseLostError, TerminatingError

FULL = {
    "replicas": 2,
    "config": {"data": {"FEATURE_X": "on"}, "mountPath": "/etc/orders"},
    "jobs": [
        {"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"]},
        {"name": "report", "run": "Schedule", "schedule": "0 3 * * *", "command": ["/app/report"]},
    ],
}


async def settled(**spec: Any) -> World:
    world = World()
    world.server.create(microservice(**spec))
    await world.settle()
    return world


async def test_children_appear_and_the_service_becomes_ready() -> None:
    world = await settled(**FULL)
    children = world.children()
    for kind in ("Deployment", "Service", "ServiceAccount", "NetworkPolicy", "CronJob", "ControllerRevision", "Job"):
        assert kind in children, children
    status = world.server.get(ORDERS)["status"]  # type: ignore[index]
    assert status["revision"]
    assert status["inventory"]


@pytest.mark.parametrize(("spec", "reason"), [({}, "RollingOut"), ({"jobs": FULL["jobs"]}, "MigrationRunning")])
async def test_a_new_service_has_one_status_until_its_pods_start(spec: dict[str, Any], reason: str) -> None:
    world = World()
    world.server.create({**microservice(**spec), "status": {"observedGeneration": -1}})  # as the CRD's default has it
    await world.reconcile()
    statuses = [change for change in world.server.history if change.ref == ORDERS and change.type == "MODIFIED"]
    assert len(statuses) == 1
    status = world.server.get(ORDERS)["status"]  # type: ignore[index]
    (ready,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    assert (ready["status"], ready["reason"], status["observedGeneration"]) == ("False", reason, 1)
    assert [event.reason for _, event in world.recorder.events] == ["RevisionCreated"]
    await world.settle()
    assert [event.reason for _, event in world.recorder.events] == ["RevisionCreated", "RolledOut"]


async def test_what_the_first_run_was_refused_is_an_event() -> None:
    world = World()
    world.server.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}})
    world.server.create(microservice())
    await world.reconcile()
    assert [event.reason for _, event in world.recorder.events] == ["RevisionCreated", "NameConflict"]


async def test_what_is_amiss_from_the_start_is_an_event() -> None:
    world = World()
    world.server.create(microservice(envFrom=[{"secretRef": {"name": "missing"}}]))
    await world.reconcile()
    assert [event.reason for _, event in world.recorder.events] == ["RevisionCreated", "SecretNotFound"]


async def test_an_event_about_what_was_decided_survives_a_report_that_comes_too_late() -> None:
    world = await settled()
    world.recorder.events.clear()
    world.edit(ORDERS, lambda obj: obj["spec"].update(image="registry.example/orders:2"))
    meddled: list[str] = []

    def meddle(_: str, obj: Object) -> None:
        if obj["kind"] == "Deployment" and not meddled:
            meddled.append("once")
            world.edit(ORDERS, lambda obj: obj["metadata"].update(annotations={"example.test/new": "yes"}))

    world.server.listeners.append(meddle)
    with pytest.raises(ConflictError):
        await world.reconcile()
    await world.settle()
    assert [event.reason for _, event in world.recorder.events] == ["RevisionCreated", "RolledOut"]


async def test_a_world_as_declared_costs_no_request() -> None:
    world = await settled(**FULL)
    before = (world.cluster.requests, len(world.server.history))
    world.clock.advance(600)
    assert await world.reconcile() == Done()
    assert (world.cluster.requests, len(world.server.history)) == before


async def test_a_new_process_on_a_world_as_declared_writes_nothing() -> None:
    world = await settled(**FULL)
    before = len(world.server.history)
    world.start()
    await world.reconcile()
    assert len(world.server.history) == before
    assert world.cluster.writes == 0


async def test_drift_comes_back_and_foreign_fields_stay() -> None:
    world = await settled(**FULL)
    deployment = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="orders")

    def meddle(obj: dict[str, Any]) -> None:
        obj["spec"]["replicas"] = 99
        obj["metadata"].setdefault("annotations", {})["argocd.example/x"] = "theirs"

    world.edit(deployment, meddle)
    await world.settle()
    live = world.get("Deployment", "orders")
    assert live["spec"]["replicas"] == 2
    assert live["metadata"]["annotations"]["argocd.example/x"] == "theirs"


async def test_a_deleted_child_returns() -> None:
    world = await settled(**FULL)
    world.server.delete(ObjectRef(api_version="v1", kind="Service", namespace="shop", name="orders"))
    await world.settle()
    world.get("Service", "orders", "v1")


async def test_what_is_no_longer_declared_is_pruned_and_nothing_else() -> None:
    world = await settled(**FULL)
    stranger = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "stranger", "namespace": "shop"}}
    world.server.create(stranger)
    world.edit(ORDERS, lambda obj: obj["spec"].update(jobs=FULL["jobs"][:1]))  # type: ignore[index]
    await world.settle()
    assert world.children()["CronJob"] == ["stranger"]


async def test_an_object_of_that_name_that_is_not_ours_is_never_touched() -> None:
    world = World()
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {"type": "ExternalName"},
    }
    world.server.create(theirs)
    world.server.create(microservice())
    await world.settle()
    assert world.get("Service", "orders", "v1")["spec"] == {"type": "ExternalName"}
    status = world.server.get(ORDERS)["status"]  # type: ignore[index]
    (ready,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "NameConflict")
    assert ready["message"].startswith("Service/orders: an object of this name exists and does not belong to")
    assert "every minute" in ready["message"]


async def test_a_terminating_namespace_ends_the_run_quietly() -> None:
    world = World()
    world.server.create(microservice())
    world.server.terminating.add("shop")
    with pytest.raises(TerminatingError):
        await world.reconcile()
    assert world.children() == {}


async def test_nothing_is_written_for_a_resource_that_is_being_deleted() -> None:
    world = World()
    resource = microservice()
    resource["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    world.server.create(resource)
    assert await world.reconcile() == Done()
    assert world.cluster.writes == 0


async def test_a_stale_leader_writes_nothing() -> None:
    world = World()
    world.server.create(microservice())
    world.start(lease=MemoryLease(lambda: 0.0, until=0.0))
    with pytest.raises(LeaseLostError):
        await world.reconcile()
    assert world.children() == {}


async def test_a_decision_from_a_stale_look_is_dropped() -> None:
    world = World()
    world.server.create(microservice())
    world.cluster.stale = True
    world.edit(ORDERS, lambda obj: obj["spec"].update(image="registry.example/orders:2"))
    await world.settle()
    world.cluster.stale = False
    await world.settle()
    revisions = world.children()["ControllerRevision"]
    assert len(revisions) == 1, "the stale image made a revision"
    container = world.get("Deployment", "orders")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/orders:2"


async def test_a_spec_that_does_not_parse_says_where_and_not_what() -> None:
    world = World()
    world.server.create(microservice(ports="s3cret"))
    await world.reconcile()
    status = world.server.get(ORDERS)["status"]  # type: ignore[index]
    (ready,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    assert ready["reason"] == "InvalidSpec"
    assert "spec.ports" in ready["message"]
    assert "s3cret" not in str(status)


async def create(world: World) -> None:
    world.server.create(microservice(**FULL))


async def change_image(world: World) -> None:
    await create(world)
    await world.settle()
    world.edit(ORDERS, lambda obj: obj["spec"].update(image="registry.example/orders:2"))


async def drop_parts(world: World) -> None:
    await create(world)
    await world.settle()
    world.edit(
        ORDERS, lambda obj: obj["spec"].update(jobs=[], config={"data": {"FEATURE_X": "off"}, "mountPath": "/x"})
    )


SCENARIOS = {"create": create, "change image": change_image, "drop parts": drop_parts}


async def run(scenario: Callable[[World], Any], fault: Fault | None) -> tuple[World, int]:
    """Plays a scenario; the fault hits the last act. Returns the world at rest and the number of writes of that act."""
    world = World()
    await scenario(world)
    world.start(fault)
    first = world.cluster
    await world.settle()
    return world, first.writes


@pytest.mark.parametrize("kind", ["before", "after", "lost"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
async def test_a_kill_around_any_write_changes_nothing(scenario: Callable[[World], Any], kind: str) -> None:
    expected, writes = await run(scenario, None)
    assert writes >= 3, "the scenario writes too little to prove anything"
    for at in range(1, writes + 1):
        world, _ = await run(scenario, Fault(kind=kind, at=at))
        assert world.state() == expected.state(), f"{kind} write {at}"
        assert world.count("ADDED") == expected.count("ADDED"), f"{kind} write {at}"
        assert world.count("DELETED") == expected.count("DELETED"), f"{kind} write {at}"


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(image="registry.example/orders:2"),
        lambda obj: obj["metadata"].setdefault("annotations", {}).update({"trimtab.dev/run-job": "reindex/1"}),
        lambda obj: obj["status"].update(rejectedRevisions=[{"revision": "abcdefghij", "at": "2026-01-02T03:04:05Z"}]),
    ],
    ids=["spec", "request", "decision of another leader"],
)
async def test_a_report_that_a_change_overtook_is_not_written(change: Callable[[dict[str, Any]], None]) -> None:
    """A report repeats what was decided before it: written late, it would undo what was decided since."""
    world = await settled()
    world.edit(ORDERS, lambda obj: obj["spec"].update(replicas=3))
    world.cluster.stale = True  # the watch is slower than the answer

    def while_running(type_: str, obj: Any) -> None:
        if obj["kind"] == "Deployment":
            world.edit(ORDERS, change)

    world.server.listeners.append(while_running)
    with pytest.raises(ConflictError):
        await world.reconcile()
    kept = world.get("Microservice", "orders", ORDERS.api_version)
    change(expected := copy.deepcopy(dict(kept)))
    assert kept == expected


async def test_the_first_revision_knows_bindings_that_no_watch_has_told_yet() -> None:
    world = World()
    world.cluster.stale = True
    world.server.create(microservice())
    binding = {"apiVersion": ORDERS.api_version, "kind": "ServiceBinding", "spec": {"workload": {"name": "orders"}}}
    world.server.create({**binding, "metadata": {"name": "table", "namespace": "shop"}})
    world.cluster._seen[ORDERS] = world.get("Microservice", "orders", ORDERS.api_version)
    await world.reconcile()
    assert "Deployment" not in world.children()
    status = world.get("Microservice", "orders", ORDERS.api_version)["status"]
    assert [each["name"] for each in status["waitingFor"]] == ["table"]
