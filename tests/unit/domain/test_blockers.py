"""What pods that do not become ready wait for, in the words of kubelet, scheduler and ReplicaSet controller."""

from typing import Any

import pytest
from tests.unit.domain.world import World, pod

from trimtab.api.reasons import Reason
from trimtab.domain.service.blockers import cause, of_deployment, of_pods

TEMPLATE: dict[str, Any] = {"metadata": {"labels": {}}}
APP = {"name": "app", "image": "r.example/orders:1", "ready": False, "restartCount": 0}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {**APP, "state": {"waiting": {"reason": reason, "message": message}}}


def crashed(state: dict[str, Any], code: int = 1, reason: str = "Error", restarts: int = 3) -> dict[str, Any]:
    ended = {"terminated": {"exitCode": code, "reason": reason}}
    return {**APP, "state": state or ended, "lastState": ended if state else {}, "restartCount": restarts}


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (waiting("ErrImagePull", "failed to pull: not found"), Reason.IMAGE_PULL_BACK_OFF, "not found"),
        (
            waiting("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: 401 Unauthorized'),
            Reason.IMAGE_PULL_BACK_OFF,
            "r.example/orders:1 cannot be pulled: check its name, tag and imagePullSecrets; 401 Unauthorized",
        ),
        (waiting("InvalidImageName", "couldn't parse"), Reason.IMAGE_PULL_BACK_OFF, "couldn't parse"),
        (
            waiting(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image will run as root (pod: x)",
            ),
            Reason.RUN_AS_ROOT_REFUSED,
            "set spec.securityContext.runAsUser",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root",
            ),
            Reason.RUN_AS_ROOT_REFUSED,
            "set spec.securityContext.runAsUser",
        ),
        (waiting("CreateContainerConfigError", 'secret "db" not found'), Reason.SECRET_NOT_FOUND, "Secret db"),
        (
            waiting("CreateContainerConfigError", 'configmap "flags" not found'),
            Reason.CONTAINER_CONFIG_ERROR,
            'configmap "flags" not found',
        ),
        (waiting("RunContainerError", "exec: /nope: no such file"), Reason.CONTAINER_CONFIG_ERROR, "no such file"),
        (crashed({"waiting": {"reason": "CrashLoopBackOff"}}), Reason.CRASH_LOOP_BACK_OFF, "exit code 1: see its log"),
        (crashed({}), Reason.CRASH_LOOP_BACK_OFF, "exit code 1"),
        (waiting("CrashLoopBackOff"), Reason.CRASH_LOOP_BACK_OFF, "container app keeps ending: see its log"),
        (crashed({"running": {}}, 137, "OOMKilled"), Reason.CRASH_LOOP_BACK_OFF, "raise resources.limits.memory"),
        (
            crashed({"waiting": {"reason": "CrashLoopBackOff"}}, 0, "Completed"),
            Reason.CRASH_LOOP_BACK_OFF,
            "exit code 0",
        ),
        ({**APP, "state": {"running": {}}}, Reason.NOT_READY, "readiness probe does not succeed"),
    ],
)
def test_each_state_of_a_container(status: dict[str, Any], reason: Reason, words: str) -> None:
    [blocker] = of_pods([pod("orders-1", TEMPLATE, ready=False, containerStatuses=[status])])
    assert (blocker.kind, blocker.name, blocker.reason) == ("Pod", "orders-1", reason)
    assert words in blocker.message


def test_a_crash_reads_the_same_whether_the_container_waits_ends_or_runs() -> None:
    states: list[dict[str, Any]] = [{"waiting": {"reason": "CrashLoopBackOff"}}, {}, {"running": {}}]
    seen = set()
    for restarts, state in enumerate(states, 1):
        status = crashed(state, restarts=restarts)
        seen |= set(of_pods([pod("orders-1", TEMPLATE, ready=False, containerStatuses=[status])]))
    assert len(seen) == 1, "or the status would change with every crash"


def test_an_init_container_that_fails_is_named() -> None:
    init = {**crashed({"waiting": {"reason": "CrashLoopBackOff"}}), "name": "wait"}
    app = waiting("PodInitializing")
    pods = [pod("orders-1", TEMPLATE, ready=False, initContainerStatuses=[init], containerStatuses=[app])]
    [blocker] = of_pods(pods)
    assert "container wait" in blocker.message


def test_a_pod_that_no_node_can_take_has_the_schedulers_words() -> None:
    message = "0/3 nodes are available: 3 Insufficient cpu."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    [blocker] = of_pods([pod("orders-1", TEMPLATE, ready=False, phase="Pending", conditions=[condition])])
    assert (blocker.reason, blocker.message) == (Reason.UNSCHEDULABLE, message)


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]},
        {"phase": "Pending"},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                {**APP, "name": "wait", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
            ],
            "containerStatuses": [waiting("PodInitializing")],
        },
    ],
)
def test_a_pod_that_is_only_starting_blocks_nothing(status: dict[str, Any]) -> None:
    assert list(of_pods([pod("orders-1", TEMPLATE, ready=False, **status)])) == []


def test_a_ready_pod_that_crashed_long_ago_blocks_nothing() -> None:
    status = {**crashed({"running": {}}), "ready": True}
    assert list(of_pods([pod("orders-1", TEMPLATE, ready=True, containerStatuses=[status])])) == []


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        (
            'pods "orders-6d9-x2x7f" is forbidden: exceeded quota: small, requested: cpu=1, used: cpu=2',
            Reason.QUOTA_EXCEEDED,
            "pods are refused: exceeded quota: small",
        ),
        (
            'pods "orders-6d9-x2x7f" is forbidden: violates PodSecurity "restricted:latest": seccompProfile',
            Reason.POD_DENIED,
            "pods are refused: violates PodSecurity",
        ),
        (
            'admission webhook "images.example" denied the request: unsigned',
            Reason.POD_DENIED,
            'pods are refused: admission webhook "images.example" denied the request: unsigned',
        ),
    ],
)
def test_pods_that_may_not_be_created(message: str, reason: Reason, words: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    [blocker] = of_deployment({"metadata": {"name": "orders"}, "status": {"conditions": [condition]}})
    assert blocker.reason is reason
    assert blocker.message.startswith(words)


def test_the_cause_nearest_to_the_root_explains_the_rest() -> None:
    statuses = [crashed({}), waiting("ImagePullBackOff"), {**APP, "state": {"running": {}}}]
    pods = [pod(f"orders-{i}", TEMPLATE, ready=False, containerStatuses=[s]) for i, s in enumerate(statuses)]
    best = cause(of_pods(pods))
    assert best is not None
    assert best.reason is Reason.IMAGE_PULL_BACK_OFF
    assert cause(of_pods(pods[2:])) is None


def test_a_long_message_of_others_is_cut() -> None:
    [blocker] = of_pods([pod("o", TEMPLATE, ready=False, containerStatuses=[waiting("ErrImagePull", "x" * 9999)])])
    assert len(blocker.message) < 600


def test_many_stuck_pods_make_a_short_list_that_does_not_change_with_their_number() -> None:
    world = World({"image": "r.example/orders:1", "replicas": 30})
    world.settle()
    for each in world.pods:
        each["status"] = {"phase": "Running", "conditions": [], "containerStatuses": [crashed({})]}
    deployment = world.find("Deployment")
    assert deployment is not None
    deployment["status"] |= {"readyReplicas": 0, "availableReplicas": 0}
    world.reconcile()
    assert len(world.status["waitingFor"]) == 10
    before = world.status["waitingFor"]
    world.reconcile()
    assert world.status["waitingFor"] == before, "since stays"
