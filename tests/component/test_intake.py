"""From a watch event to the key that it concerns."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.shell.binding_intake import SETTLE
from trimtab.shell.intake import Intake

ORDERS = Key("Microservice", "shop", "orders")


class Rig:
    def __init__(self, *, serves: str = "shop") -> None:
        self.now = 0.0
        self.cache = ObjectCache()
        self.queue = WorkQueue("intake", clock=lambda: self.now)
        self.intake = Intake(self.cache, self.queue, serves=lambda ns: ns == serves, clustered=True)

    def taken(self) -> list[Key]:
        """The keys that run once the events have settled."""
        self.now += SETTLE * 2
        taken = []
        while (key := self.queue.take()) is not None:
            taken.append(key)
            self.queue.done(key)
        return taken


def microservice(version: int, **parts: Any) -> dict[str, Any]:
    metadata = {"name": "orders", "namespace": "shop", "uid": "ms", "resourceVersion": str(version), "generation": 1}
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": metadata,
        "spec": {"image": "a:1"},
        **parts,
    }


def deployment(version: int, owner: str = "orders", **parts: Any) -> dict[str, Any]:
    reference = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "name": owner, "uid": "ms"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "orders",
            "namespace": "shop",
            "uid": "d",
            "resourceVersion": str(version),
            "ownerReferences": [{**reference, "controller": True}],
        },
        **parts,
    }


def pod(version: int, labels: dict[str, str], **parts: Any) -> dict[str, Any]:
    metadata = {"name": "orders-1", "namespace": "shop", "uid": "p", "resourceVersion": str(version), "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, **parts}


def test_a_microservice_concerns_itself() -> None:
    rig = Rig()
    rig.intake.event("ADDED", microservice(1))
    assert rig.taken() == [ORDERS]


def test_a_child_concerns_its_controlling_owner() -> None:
    rig = Rig()
    rig.intake.event("MODIFIED", deployment(1))
    assert rig.taken() == [ORDERS]


def test_a_pod_concerns_the_microservice_of_its_label() -> None:
    rig = Rig()
    rig.intake.event("ADDED", pod(1, {"trimtab.dev/microservice": "orders"}))
    rig.intake.event("ADDED", pod(2, {"app": "other"}))
    assert rig.taken() == [ORDERS]


def test_a_burst_of_events_is_one_run() -> None:
    rig = Rig()
    for version in range(1, 30):
        rig.intake.event("MODIFIED", deployment(version, status={"replicas": version}))
    assert rig.taken() == [ORDERS]


def test_a_service_of_many_pods_is_looked_at_once_a_second_however_they_crash() -> None:
    rig = Rig()
    runs = 0
    for step in range(400):
        rig.now = step * 0.01
        crashing = pod(step + 1, {"trimtab.dev/microservice": "orders"}, status={"phase": f"crash {step}"})
        crashing["metadata"] |= {"name": f"orders-{step}", "uid": f"p{step}"}
        rig.intake.event("ADDED", crashing)
        while (key := rig.queue.take()) is not None:
            runs += 1
            rig.queue.done(key)
    assert 10 <= runs <= 50


def test_the_echo_of_an_answer_that_is_cached_already_concerns_nobody() -> None:
    rig = Rig()
    rig.cache.put(deployment(5))
    rig.intake.event("ADDED", deployment(5))
    rig.intake.event(None, deployment(5))
    assert rig.taken() == []


def test_the_echo_of_our_own_status_write_is_skipped_while_its_run_goes_on() -> None:
    rig = Rig()
    rig.intake.event("ADDED", microservice(1))
    assert rig.queue.take() == ORDERS
    rig.intake.event("MODIFIED", microservice(2, status={"revision": "a"}))
    rig.queue.done(ORDERS)
    assert rig.taken() == []


def test_a_change_of_the_spec_during_a_run_is_not_missed() -> None:
    rig = Rig()
    rig.intake.event("ADDED", microservice(1))
    assert rig.queue.take() == ORDERS
    rig.intake.event("MODIFIED", microservice(2, spec={"image": "a:2"}))
    rig.queue.done(ORDERS)
    assert rig.taken() == [ORDERS]


def test_a_status_that_somebody_else_wrote_is_looked_at() -> None:
    rig = Rig()
    rig.intake.event("ADDED", microservice(1))
    rig.taken()
    rig.intake.event("MODIFIED", microservice(2, status={"revision": "forged"}))
    assert rig.taken() == [ORDERS]


def test_a_deleted_child_concerns_its_owner_and_leaves_the_cache() -> None:
    rig = Rig()
    rig.intake.event("ADDED", deployment(1))
    rig.taken()
    rig.intake.event("DELETED", deployment(2))
    assert rig.taken() == [ORDERS]
    assert list(rig.cache.owned_by("ms")) == []


def test_objects_of_other_namespaces_are_not_ours() -> None:
    rig = Rig(serves="elsewhere")
    rig.intake.event("ADDED", microservice(1))
    assert rig.taken() == []
    assert len(rig.cache) == 0


@pytest.mark.parametrize(("gateway", "concerned"), [("public", [ORDERS]), ("private", [])])
def test_a_gateway_concerns_whoever_is_attached_to_it(gateway: str, concerned: list[Key]) -> None:
    rig = Rig()
    spec = {"image": "a:1", "expose": {"gateway": {"name": "public"}}}
    rig.intake.event("ADDED", microservice(1, spec=spec))
    rig.taken()
    metadata = {"name": gateway, "namespace": "shop", "uid": "g", "resourceVersion": "2"}
    obj = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": metadata, "spec": {}}
    rig.intake.event("ADDED", obj)
    assert rig.taken() == concerned
    rig.intake.event("MODIFIED", {**obj, "metadata": {**metadata, "resourceVersion": "3"}, "status": {"routes": 1}})
    assert rig.taken() == []


def test_a_watch_on_the_lease_is_a_heartbeat_only() -> None:
    rig = Rig()
    rig.intake.event("MODIFIED", {"kind": "Lease", "metadata": {"name": "trimtab", "namespace": "x"}})
    assert rig.intake.heartbeat is not None
    assert rig.taken() == []


def test_endpoints_concern_a_service_only_while_its_revisions_are_side_by_side() -> None:
    rig = Rig()
    rig.intake.event("ADDED", microservice(1))
    rig.taken()
    metadata = {"name": "orders-x", "namespace": "shop", "uid": "s", "labels": {"trimtab.dev/microservice": "orders"}}
    slices = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    rig.intake.event("ADDED", {**slices, "metadata": {**metadata, "resourceVersion": "2"}, "endpoints": []})
    assert rig.taken() == []
    rig.intake.event("MODIFIED", microservice(3, status={"release": {"sequence": 1}}))
    rig.taken()
    endpoints = [{"targetRef": {"kind": "Pod", "name": "orders-1"}}]
    rig.intake.event("MODIFIED", {**slices, "metadata": {**metadata, "resourceVersion": "4"}, "endpoints": endpoints})
    assert rig.taken() == [ORDERS]
