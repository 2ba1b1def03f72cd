"""From a watch event, or from our own status, to whoever has to act on it: releases and their services."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.shell.binding_intake import SETTLE
from trimtab.shell.intake import Intake

ORDERS, STOCK = (Key("Microservice", "shop", name) for name in ("orders", "stock"))
RELEASE, RIVAL = (Key("CanaryRelease", "shop", name) for name in ("release", "rival"))


class Rig:
    def __init__(self) -> None:
        self.now = 0.0
        self.cache = ObjectCache()
        self.queue = WorkQueue("intake", clock=lambda: self.now)
        self.intake = Intake(self.cache, self.queue, serves=lambda ns: ns == "shop", clustered=True)

    def has(self, *objects: dict[str, Any]) -> "Rig":
        for obj in objects:
            self.intake.event("ADDED", obj)
        self.taken()
        return self

    def taken(self) -> set[Key]:
        """The keys that run once the events have settled."""
        self.now += SETTLE * 2
        taken = set()
        while (key := self.queue.take()) is not None:
            taken.add(key)
            self.queue.done(key)
        return taken

    def wrote(self, obj: dict[str, Any]) -> set[Key]:
        """What our own status write leads to: the answer is in the cache before anybody hears of it."""
        ref = (obj["kind"], obj["metadata"]["name"])
        before = next(each for each in self.cache.of_kind(ref[0]) if each["metadata"]["name"] == ref[1])
        obj["metadata"]["managedFields"] = [{"manager": "trimtab-status"}]
        self.cache.put(obj)
        self.intake.wrote(obj, before)
        self.intake.event("MODIFIED", obj)
        return self.taken()


def resource(key: Key, version: int, spec: dict[str, Any], **parts: Any) -> dict[str, Any]:
    metadata = {
        "name": key.name,
        "namespace": "shop",
        "uid": str(key),
        "resourceVersion": str(version),
        "generation": 1,
        **parts.pop("metadata", {}),
    }
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": key.kind, "metadata": metadata, "spec": spec, **parts}


def service(version: int, key: Key = ORDERS, **parts: Any) -> dict[str, Any]:
    return resource(key, version, {"image": "a:1"}, **parts)


def release(version: int, *targets: str, key: Key = RELEASE, **parts: Any) -> dict[str, Any]:
    return resource(key, version, {"targets": [{"name": name} for name in targets or ("orders",)]}, **parts)


def status(phase: str, sequence: int = 1) -> dict[str, Any]:
    return {"phase": phase, "targets": [{"name": "orders", "order": {"sequence": sequence}}]}


def pod(version: int) -> dict[str, Any]:
    labels = {"trimtab.dev/microservice": "orders"}
    metadata = {"name": "orders-1", "namespace": "shop", "uid": "p", "resourceVersion": str(version), "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": {"phase": str(version)}}


def test_a_new_release_concerns_itself_and_its_services() -> None:
    rig = Rig().has(service(1))
    rig.intake.event("ADDED", release(2, "orders", "stock"))
    assert rig.taken() == {RELEASE, ORDERS, STOCK}


def test_a_changed_service_concerns_its_release() -> None:
    rig = Rig().has(service(1), release(2))
    rig.intake.event("MODIFIED", service(3, status={"revision": "b"}))
    assert rig.taken() == {ORDERS, RELEASE}


def test_our_own_status_of_a_service_reaches_its_release_though_the_event_is_old_news() -> None:
    rig = Rig().has(service(1), release(2))
    assert rig.wrote(service(3, status={"release": {"sequence": 1}})) == {RELEASE}


def test_our_own_order_reaches_the_service() -> None:
    rig = Rig().has(service(1), release(2))
    assert rig.wrote(release(3, status=status("Progressing"))) == {ORDERS}


def test_what_a_release_says_of_itself_reaches_nobody() -> None:
    rig = Rig().has(service(1), release(2, status=status("Progressing")))
    assert rig.wrote(release(3, status=status("Held"))) == set()


def test_a_status_that_did_not_change_reaches_nobody() -> None:
    rig = Rig().has(service(1, status={"revision": "a"}), release(2))
    assert rig.wrote(service(3, status={"revision": "a"})) == set()


@pytest.mark.parametrize(
    "metadata", [{"annotations": {"trimtab.dev/release": "abort/x/1"}}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}]
)
def test_a_request_or_the_end_of_a_release_reaches_its_services(metadata: dict[str, Any]) -> None:
    rig = Rig().has(service(1), release(2))
    rig.intake.event("MODIFIED", release(3, metadata=metadata))
    assert rig.taken() == {RELEASE, ORDERS}


def test_a_target_that_is_dropped_hears_of_it() -> None:
    rig = Rig().has(service(1), release(2, "orders", "stock"))
    rig.intake.event("MODIFIED", release(3, "orders"))
    assert rig.taken() == {RELEASE, ORDERS, STOCK}


def test_a_deleted_release_reaches_its_services_and_its_rivals() -> None:
    rig = Rig().has(service(1), release(2), release(3, key=RIVAL))
    rig.intake.event("DELETED", release(4))
    assert rig.taken() == {RELEASE, RIVAL, ORDERS}


def test_a_pod_concerns_only_a_release_that_is_under_way() -> None:
    rig = Rig().has(service(1), release(2))
    rig.intake.event("MODIFIED", pod(3))
    assert rig.taken() == {ORDERS}
    rig.queue.prefer(RELEASE, preferred=True)
    rig.intake.event("MODIFIED", pod(4))
    assert rig.taken() == {ORDERS, RELEASE}


def test_the_echo_of_our_own_status_does_not_run_a_release_again() -> None:
    rig = Rig().has(service(1), release(2))
    rig.queue.add(RELEASE)
    assert rig.queue.take() == RELEASE
    rig.intake.event("MODIFIED", release(3, status={"phase": "Idle"}))
    rig.queue.done(RELEASE)
    assert rig.taken() == set()


def test_everything_is_all_services_and_all_releases() -> None:
    rig = Rig().has(service(1), service(2, STOCK), release(3))
    rig.intake.everything()
    assert rig.taken() == {ORDERS, STOCK, RELEASE}
