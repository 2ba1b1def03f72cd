"""Status, Events and outcomes: live, in the terms of kstatus, and with the next step in words."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.domain.world import World, effects, pod

from trimtab.api.microservice_status import MicroserviceStatus
from trimtab.api.reasons import Reason
from trimtab.domain.objects import ref_of
from trimtab.domain.outcome import Done, Stalled, Waiting
from trimtab.domain.plan import Apply, Effect, Failure
from trimtab.domain.service.report import invalid

IMAGE = "r.example/orders:1.4.2"


def settled(**spec: Any) -> World:
    world = World({"image": IMAGE, **spec})
    world.settle()
    return world


def deployment(world: World) -> dict[str, Any]:
    found = world.find("Deployment")
    assert found is not None
    return found


def kstatus(world: World) -> str:
    """What kstatus (sigs.k8s.io/cli-utils) makes of the conditions of a custom resource."""
    status = world.status
    if status["observedGeneration"] != world.resource["metadata"]["generation"]:
        return "InProgress"
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    if conditions.get("Stalled") == "True":
        return "Failed"
    if conditions.get("Reconciling") == "True" or conditions["Ready"] == "False":
        return "InProgress"
    return "Current"


def kind(effect: Effect) -> str:
    return ref_of(effect.manifest).kind if isinstance(effect, Apply) else effect.ref.kind


def refusing(refused: str, reason: Reason, message: str = "no") -> Any:
    def refuse(effect: Apply) -> Failure | None:
        if kind(effect) != refused:
            return None
        return Failure(ref=ref_of(effect.manifest), reason=reason, message=message)

    return refuse


def test_a_service_that_is_as_declared() -> None:
    world = settled(replicas=2)
    assert world.ready == ("True", "Available")
    assert kstatus(world) == "Current"
    status = world.status
    assert (status["ready"], status["version"]) == ("2/2", "1.4.2")
    assert status["revision"] == status["stableRevision"]
    assert "waitingFor" not in status
    assert [each["type"] for each in status["conditions"]] == ["Ready"]
    assert isinstance(world.reconcile().outcome, Done)


@pytest.mark.parametrize(
    "spec", [{}, {"replicas": 0}, {"jobs": [{"name": "m", "run": "BeforeRollout"}]}, {"suspend": True}]
)
def test_every_status_is_one_that_the_api_admits(spec: dict[str, Any]) -> None:
    world = World({"image": IMAGE, **spec})
    world.reconcile()
    MicroserviceStatus.model_validate(world.status, strict=False)
    assert set(world.status) <= {field.alias or name for name, field in MicroserviceStatus.model_fields.items()}


def test_a_pod_counts_as_ready_once_the_deployment_controller_counts_it() -> None:
    """Else each pod that starts makes two statuses instead of one, the first of which contradicts itself."""
    world = World({"image": IMAGE})
    world.reconcile()
    template = deployment(world)["spec"]["template"]
    deployment(world)["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    world.pods = [pod("p-0", template, ready=False)]
    world.reconcile()
    before = world.writes
    world.pods = [pod("p-0", template)]
    world.reconcile()
    condition = world.condition("Ready")
    assert condition is not None
    assert (condition["message"], world.status["ready"], world.writes) == ("0 of 1 pods ready", "0/1", before)


def test_a_rolling_update_is_on_its_way_and_says_how_far() -> None:
    world = settled(replicas=3)
    world.update(image="r.example/orders:2")
    result = world.reconcile()
    assert world.ready == ("False", "RollingOut")
    assert kstatus(world) == "InProgress"
    assert [event.reason for event in result.events] == ["RevisionCreated"]
    template = deployment(world)["spec"]["template"]
    deployment(world)["status"] |= {
        "observedGeneration": deployment(world)["metadata"]["generation"],
        "replicas": 4,
        "updatedReplicas": 2,
        "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}],
    }
    world.pods += [pod("new-1", template), pod("new-2", template)]
    world.reconcile()
    condition = world.condition("Ready")
    assert condition is not None
    assert condition["message"] == "2 of 3 pods ready"
    assert world.status["replicas"] == 4
    assert world.status["stableRevision"] != world.status["revision"]
    world.roll_out()
    result = world.reconcile()
    assert [event.reason for event in result.events] == ["RolledOut"]
    assert result.events[0].message.endswith(": 3/3 pods ready")
    assert world.ready == ("True", "Available")
    assert world.status["stableRevision"] == world.status["revision"]


def test_new_pods_that_fail_while_the_old_ones_serve() -> None:
    world = settled(replicas=2)
    stable = world.status["stableRevision"]
    world.update(image="r.example/orders:typo")
    world.reconcile()
    state = {"waiting": {"reason": "ImagePullBackOff", "message": ""}}
    broken = {"name": "app", "image": "r.example/orders:typo", "ready": False, "restartCount": 0, "state": state}
    world.pods.append(
        pod(
            "orders-new",
            deployment(world)["spec"]["template"],
            ready=False,
            phase="Pending",
            containerStatuses=[broken],
        )
    )
    live = deployment(world)["status"]
    live |= {"observedGeneration": deployment(world)["metadata"]["generation"], "replicas": 3, "updatedReplicas": 1}
    live["conditions"] = [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]
    result = world.reconcile()
    assert world.ready == ("False", "ImagePullBackOff")
    assert [(event.type, event.reason) for event in result.events] == [("Warning", "ImagePullBackOff")]
    assert world.status["readyReplicas"] == 2
    assert world.status["stableRevision"] == stable
    assert kstatus(world) == "InProgress"
    assert world.reconcile().events == (), "once"
    live["conditions"] = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    result = world.reconcile()
    assert world.ready == ("False", "ProgressDeadlineExceeded")
    condition = world.condition("Ready")
    assert condition is not None
    assert "r.example/orders:typo cannot be pulled" in condition["message"]
    assert kstatus(world) == "Failed"
    assert [entry["reason"] for entry in world.status["waitingFor"]] == ["ImagePullBackOff"]
    world.update(image=IMAGE)
    world.settle()
    assert world.ready == ("True", "Available"), "nothing is latched"


def test_ready_is_live() -> None:
    world = settled(replicas=2)
    since = world.condition("Ready")
    deployment(world)["status"] |= {"readyReplicas": 1, "availableReplicas": 1}
    world.pods[0]["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
    world.reconcile()
    assert world.ready == ("False", "NotReady")
    assert world.status["ready"] == "1/2"
    world.roll_out()
    world.reconcile()
    assert world.ready == ("True", "Available")
    assert world.condition("Ready") != since


def test_an_image_that_wants_root_can_only_be_mended_by_the_user() -> None:
    world = World({"image": IMAGE})
    world.reconcile()
    message = "container has runAsNonRoot and image will run as root"
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": message}}
    broken = {"name": "app", "ready": False, "state": state}
    template = deployment(world)["spec"]["template"]
    world.pods = [pod("orders-1", template, ready=False, phase="Pending", containerStatuses=[broken])]
    result = world.reconcile()
    assert world.ready == ("False", "RunAsRootRefused")
    assert kstatus(world) == "Failed"
    assert isinstance(result.outcome, Stalled)


def test_no_pods_wanted_is_what_was_declared() -> None:
    world = settled(replicas=0)
    assert world.ready == ("True", "ScaledToZero")
    assert world.status["ready"] == "0/0"


@pytest.mark.parametrize(
    ("reason", "verdict", "outcome"),
    [
        (Reason.NAME_CONFLICT, "Failed", Waiting),
        (Reason.CHILD_INVALID, "Failed", Stalled),
        (Reason.CHILD_DENIED, "InProgress", Waiting),
    ],
)
def test_a_refused_child_is_named_and_blocks_nothing_unrelated(reason: Reason, verdict: str, outcome: type) -> None:
    world = World({"image": IMAGE})
    world.refuse = refusing("PodDisruptionBudget", reason)
    world.settle()
    result = world.reconcile()
    assert world.ready == ("False", str(reason))
    assert kstatus(world) == verdict
    assert isinstance(result.outcome, outcome)
    assert deployment(world)["status"]["readyReplicas"] == 1
    [blocker] = world.status["waitingFor"]
    assert (blocker["kind"], blocker["name"], blocker["reason"]) == ("PodDisruptionBudget", "orders", str(reason))
    world.refuse = lambda effect: None
    world.settle()
    assert world.ready == ("True", "Available")


def test_no_pod_starts_without_its_policy() -> None:
    world = World({"image": IMAGE})
    world.refuse = refusing("NetworkPolicy", Reason.CHILD_DENIED)
    world.reconcile()
    assert world.find("Deployment") is None
    assert world.find("Service") is not None


def test_a_refused_child_keeps_what_may_exist_in_the_inventory() -> None:
    world = settled(scaling={"max": 3})
    world.change({"image": "r.example/orders:2", "replicas": 1})
    world.refuse = refusing("ControllerRevision", Reason.CHILD_DENIED)
    world.reconcile()
    assert world.find("HorizontalPodAutoscaler") is not None
    assert "HorizontalPodAutoscaler" in [item["kind"] for item in world.status["inventory"]]
    world.refuse = lambda effect: None
    world.settle()
    assert world.find("HorizontalPodAutoscaler") is None


def test_what_was_pruned_leaves_the_inventory_though_a_child_beside_it_is_refused() -> None:
    """Else a budget that a webhook denies for months would fill the inventory beyond what the CRD allows."""
    world = World({"image": IMAGE})
    world.refuse = refusing("PodDisruptionBudget", Reason.CHILD_DENIED)
    for number in range(30):
        world.update(config={"data": {"N": str(number)}, "mountPath": "/etc/orders"})
        for _ in range(3):
            world.reconcile()
            world.roll_out()
    recorded = [item["name"] for item in world.status["inventory"] if item["kind"] == "ConfigMap"]
    assert recorded == world.names("ConfigMap")
    assert len(world.status["inventory"]) <= len(world.objects) + 1


def test_while_suspended_nothing_is_changed_and_status_stays_live() -> None:
    world = settled(replicas=2)
    before = copy.deepcopy(world.objects)
    world.update(image="r.example/orders:2", replicas=5, suspend=True)
    world.annotate("trimtab.dev/run-job", "x/1")
    world.objects = {ref: obj for ref, obj in world.objects.items() if ref.kind != "Service"}
    plan = world.decide()
    assert plan.intent is None
    assert effects(plan) == []
    world.reconcile()
    assert world.ready == ("True", "Available")
    condition = world.condition("Ready")
    assert condition is not None
    assert "suspended" in condition["message"]
    assert world.status["version"] == "1.4.2"
    assert world.status["observedGeneration"] == world.resource["metadata"]["generation"]
    assert world.status["inventory"]
    deployment(world)["status"] |= {"readyReplicas": 1, "availableReplicas": 1}
    world.reconcile()
    assert world.ready == ("False", "NotReady")
    world.update(image=IMAGE, replicas=2, suspend=False)
    world.settle()
    assert {ref.kind for ref in world.objects} == {ref.kind for ref in before}


def test_a_service_that_was_born_suspended() -> None:
    world = World({"image": IMAGE, "suspend": True})
    world.reconcile()
    assert world.ready == ("False", "Suspended")
    assert world.objects == {}


def test_with_a_deletion_timestamp_nothing_is_written() -> None:
    world = settled()
    world.objects.clear()
    world.resource["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    status = copy.deepcopy(world.status)
    world.reconcile()
    assert world.objects == {}
    assert world.status == status


def test_a_spec_that_cannot_be_built_is_refused_in_words_and_what_runs_stays() -> None:
    world = settled()
    before = copy.deepcopy(world.objects)
    world.update(ports=[], health={"readiness": {"path": "/readyz"}})
    result = world.reconcile()
    assert world.ready == ("False", "InvalidSpec")
    assert isinstance(result.outcome, Stalled)
    assert world.objects == before
    condition = world.condition("Stalled")
    assert condition is not None
    assert "spec.health.readiness needs a port" in condition["message"]


def test_a_spec_that_does_not_parse() -> None:
    world = settled()
    now = datetime(2026, 1, 3, tzinfo=UTC)
    world.resource["metadata"]["generation"] = 9
    first = invalid(world.resource, "spec.image: missing", now)
    assert [(e.type, e.reason) for e in first.events] == [("Warning", "InvalidSpec")]
    assert first.status["observedGeneration"] == 9
    assert first.status["inventory"] == world.status["inventory"]
    world.resource["status"] = first.status
    assert kstatus(world) == "Failed"
    assert invalid(world.resource, "spec.image: missing", now).events == ()


def test_a_child_that_is_gone_comes_back() -> None:
    world = settled(scaling={"max": 3}, expose={"gateway": {"name": "public"}})
    kinds = [ref for ref in world.objects if ref.kind != "ControllerRevision"]
    for ref in kinds:
        world.objects = {each: obj for each, obj in world.objects.items() if each != ref}
        world.settle()
        assert ref in world.objects


def test_what_the_cache_does_not_show_is_looked_for_before_it_is_pruned() -> None:
    world = settled(scaling={"max": 3})
    known = next(ref for ref in world.objects if ref.kind == "HorizontalPodAutoscaler")
    uid = world.objects[known]["metadata"]["uid"]
    world.change({"image": IMAGE, "replicas": 1})
    [prune] = [effect for effect in effects(world.decide()) if not isinstance(effect, Apply)]
    assert (prune.ref, prune.uid, prune.owner_uid) == (known, uid, "uid-0")  # type: ignore[union-attr]
    del world.objects[known]
    [prune] = [effect for effect in effects(world.decide()) if not isinstance(effect, Apply)]
    assert prune.uid is None  # type: ignore[union-attr]


def test_pods_come_after_what_they_need_and_prunes_come_last() -> None:
    world = settled(config={"data": {"a": "1"}, "mountPath": "/c"}, scaling={"max": 3})
    world.change({"image": "r.example/orders:2", "config": {"data": {"a": "2"}, "mountPath": "/c"}, "replicas": 1})
    waves = [[f"{type(effect).__name__} {kind(effect)}" for effect in wave.effects] for wave in world.decide().waves]
    assert waves == [
        ["Apply ControllerRevision", "Apply ConfigMap"],
        ["Apply Deployment"],
        ["Delete HorizontalPodAutoscaler"],
    ]
