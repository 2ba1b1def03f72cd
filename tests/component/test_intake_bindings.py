"""From an event that concerns bindings to the keys that run; nothing runs where nothing changed for it."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.domain.objects import Object
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.shell.binding_intake import COUNTING, SETTLE
from trimtab.shell.intake import Intake

BOUND = Key("ServiceBinding", "shop", "orders-in")
ORDERS = Key("Microservice", "shop", "orders")
IDENTITY = Key("WorkloadIdentity", "shop", "orders")
READY = [{"type": "Ready", "status": "True", "reason": "Bound", "message": ""}]
EVERYBODY: dict[str, Any] = {"namespaceSelector": {}, "services": ["sqs"]}


class Rig:
    def __init__(self) -> None:
        self.now = 0.0
        self.version = 0
        self.cache = ObjectCache()
        self.queue = WorkQueue("intake", clock=lambda: self.now)
        self.intake = Intake(self.cache, self.queue, serves=lambda ns: ns == "shop", clustered=True)

    def event(self, obj: dict[str, Any], type_: str = "MODIFIED") -> Object:
        """One more version of an object."""
        self.version += 1
        changed = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        self.intake.event(type_, changed)
        return changed

    def taken(self) -> set[Key]:
        """The keys that run once the events have settled."""
        self.now += SETTLE * 2
        taken = set()
        while (key := self.queue.take()) is not None:
            taken.add(key)
            self.queue.done(key)
        return taken

    def know(self, *objects: dict[str, Any]) -> None:
        """Objects that were there before, and whose runs are over."""
        for obj in objects:
            self.event(obj, "ADDED")
        self.taken()


def of_trimtab(kind: str, name: str, spec: dict[str, Any], **parts: Any) -> dict[str, Any]:
    namespace = {} if kind == "BindingPolicy" else {"namespace": "shop"}
    metadata = {"name": name, **namespace, "uid": f"{kind}-{name}", **parts.pop("metadata", {})}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec, **parts}


def binding(name: str = "orders-in", workload: str = "orders", **parts: Any) -> dict[str, Any]:
    spec = {"sqs": {}, "workload": {"name": workload}, **parts.pop("spec", {})}
    return of_trimtab("ServiceBinding", name, spec, **parts)


def microservice(name: str = "orders", **parts: Any) -> dict[str, Any]:
    return of_trimtab("Microservice", name, parts.pop("spec", {"image": "a:1"}), **parts)


def deployment(*, replicas: int = 1, secret: str = "orders-in-binding") -> dict[str, Any]:
    owner = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "name": "orders", "uid": "u"}
    volume = {"name": "x", "projected": {"sources": [{"secret": {"name": secret}}]}}
    pod = {"containers": [{"name": "app"}], "volumes": [volume]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "orders",
            "namespace": "shop",
            "uid": "d",
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {"replicas": replicas, "template": {"spec": pod}},
    }


def namespace(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "ns", **metadata}}


DELETING = {"deletionTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["trimtab.dev/binding"]}


def test_a_binding_concerns_itself_and_its_workload() -> None:
    rig = Rig()
    rig.know(microservice())
    rig.event(binding(), "ADDED")
    assert rig.taken() == {BOUND, ORDERS}


@pytest.mark.parametrize(
    "change",
    [
        {"status": {"conditions": READY}},
        {"status": {"binding": {"name": "orders-in-binding"}}},
        {"spec": {"inject": {"files": False}}},
        {"metadata": DELETING},
        {"spec": {"workload": {"name": "stock"}}},
    ],
    ids=["ready", "secret", "inject", "deleted", "workload"],
)
def test_a_workload_hears_what_it_heeds_of_its_binding(change: dict[str, Any]) -> None:
    rig = Rig()
    rig.know(microservice(), binding())
    rig.event(binding(**change))
    assert ORDERS in rig.taken()


def test_a_workload_is_not_bothered_with_the_progress_of_its_binding() -> None:
    rig = Rig()
    rig.know(microservice(), binding(status={"conditions": READY}))
    rig.event(binding(status={"conditions": READY, "resources": [{"key": "queue", "intent": {"verb": "Change"}}]}))
    assert rig.taken() == {BOUND}


def test_a_workload_that_is_left_hears_of_it_as_the_new_one_does() -> None:
    rig = Rig()
    rig.know(microservice(), microservice("stock"), binding())
    rig.event(binding(workload="stock"))
    assert rig.taken() == {BOUND, ORDERS, Key("Microservice", "shop", "stock")}


def test_our_own_status_is_news_for_the_workload_though_its_event_is_none() -> None:
    rig = Rig()
    rig.know(microservice(), binding())
    (before,) = rig.cache.bindings_of("shop")
    rig.version += 1
    written = binding(status={"conditions": READY})
    written["metadata"]["resourceVersion"] = str(rig.version)
    rig.cache.put(written)
    rig.intake.wrote(written, before)
    assert rig.taken() == {ORDERS}
    rig.intake.event("MODIFIED", written)
    assert rig.taken() == set()


def test_a_selecting_binding_hears_of_whom_it_selects() -> None:
    rig = Rig()
    rig.know(binding(spec={"workload": {"selector": {"tier": "backend"}}}))
    rig.event(microservice(), "ADDED")
    assert rig.taken() == {ORDERS}
    rig.event(microservice(metadata={"labels": {"tier": "backend"}}))
    assert rig.taken() == {ORDERS, BOUND, IDENTITY}
    rig.event(microservice(metadata={"labels": {"tier": "front"}}))
    assert rig.taken() == {ORDERS, BOUND, IDENTITY}


def test_a_service_that_has_no_binding_costs_no_more_than_before() -> None:
    rig = Rig()
    rig.know(*(microservice(f"other-{number}") for number in range(5)), binding())
    rig.event(microservice("other-1", spec={"image": "a:2"}))
    assert rig.taken() == {Key("Microservice", "shop", "other-1")}


def test_the_status_of_a_service_concerns_neither_its_bindings_nor_its_identity() -> None:
    rig = Rig()
    rig.know(microservice(), binding())
    rig.event(microservice(status={"revision": "a"}))
    assert rig.taken() == {ORDERS}


def test_a_binding_that_waits_for_its_users_hears_when_one_goes() -> None:
    rig = Rig()
    rig.know(microservice(), binding(metadata=DELETING), deployment())
    rig.event(deployment(replicas=0))
    assert rig.taken() == {ORDERS, BOUND}
    rig.event(deployment(replicas=0), "DELETED")
    assert rig.taken() == {ORDERS, BOUND}


def test_a_pod_that_ends_is_told_though_it_is_known_in_parts_only() -> None:
    rig = Rig()
    reference = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "orders-in-binding", "key": "k"}}}
    labels = {"trimtab.dev/microservice": "orders"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "orders-1", "namespace": "shop", "uid": "p", "labels": labels},
        "spec": {"containers": [{"name": "app", "env": [reference]}]},
    }
    rig.know(microservice(), binding(metadata=DELETING), pod)
    assert [each["metadata"]["name"] for each in rig.cache.users_of("shop", "orders-in-binding")] == ["orders-1"]
    rig.event({**pod, "status": {"phase": "Succeeded"}})
    assert rig.taken() == {ORDERS, BOUND}
    assert rig.cache.users_of("shop", "orders-in-binding") == []


def test_what_uses_the_secret_of_a_binding_that_stays_does_not_concern_it() -> None:
    rig = Rig()
    rig.know(microservice(), binding(), deployment())
    for replicas in range(2, 9):
        rig.event(deployment(replicas=replicas))
    assert rig.taken() == {ORDERS}


def test_a_policy_concerns_the_bindings_of_the_namespaces_that_it_selects() -> None:
    rig = Rig()
    rig.know(namespace(labels={"team": "shop"}), binding())
    other = {**EVERYBODY, "namespaceSelector": {"matchLabels": {"team": "other"}}}
    rig.event(of_trimtab("BindingPolicy", "queues", other), "ADDED")
    assert rig.taken() == {Key("BindingPolicy", "", "queues")}
    rig.event(of_trimtab("BindingPolicy", "queues", EVERYBODY))
    assert rig.taken() == {Key("BindingPolicy", "", "queues"), BOUND}
    rig.event(of_trimtab("BindingPolicy", "queues", EVERYBODY, status={"bindings": 1}))
    assert rig.taken() == {Key("BindingPolicy", "", "queues")}
    rig.event(of_trimtab("BindingPolicy", "queues", EVERYBODY), "DELETED")
    assert rig.taken() == {Key("BindingPolicy", "", "queues"), BOUND}


def test_a_namespace_concerns_its_bindings_when_policies_may_see_it_otherwise() -> None:
    rig = Rig()
    rig.know(namespace(), binding())
    rig.event(namespace(annotations={"a": "b"}))
    assert rig.taken() == set()
    rig.event(namespace(labels={"team": "shop"}))
    assert rig.taken() == {BOUND}
    rig.event(namespace(labels={"team": "shop"}, deletionTimestamp="2026-01-02T03:04:05Z"))
    assert rig.taken() == {BOUND}


def test_a_written_secret_calls_the_services_whose_pods_refer_to_it() -> None:
    rig = Rig()
    rig.know(microservice(), binding(), deployment())
    rig.intake.applied_secret("shop", "orders-in-binding")
    assert rig.taken() == {ORDERS}
    rig.intake.applied_secret("shop", "another")
    assert rig.taken() == set()


def test_bindings_that_deliver_to_each_other_hear_of_each_other() -> None:
    rig = Rig()
    told = {"notifications": [{"name": "placed", "binding": "orders-in"}]}
    bucket = of_trimtab("ServiceBinding", "placed", {"s3": told})
    placed = Key("ServiceBinding", "shop", "placed")
    rig.know(binding())
    rig.event(bucket, "ADDED")
    assert rig.taken() == {placed, BOUND}
    rig.event(binding(status={"arn": "arn:aws:sqs:eu-central-1:1:orders-in"}))
    assert rig.taken() == {BOUND, placed}
    rig.event(binding(status={"arn": "arn:aws:sqs:eu-central-1:1:orders-in", "conditions": READY}))
    assert rig.taken() == {BOUND}


def giving(variable: str, name: str = "orders-in", workload: str = "orders", **parts: Any) -> dict[str, Any]:
    return binding(name, workload, spec={"inject": {"env": [{"name": variable, "key": "arn"}]}}, **parts)


LATER = Key("ServiceBinding", "shop", "other")


@pytest.mark.parametrize(
    "change",
    [
        giving("ANOTHER"),
        giving("URL", workload="stock"),
        giving("URL", metadata=DELETING),
        binding(),
        None,
    ],
    ids=["renamed", "moved", "being deleted", "not injected", "gone"],
)
def test_who_has_to_do_without_a_variable_hears_when_it_is_free(change: dict[str, Any] | None) -> None:
    rig = Rig()
    rig.know(microservice(), microservice("stock"), giving("URL"))
    rig.know(giving("URL", "a-first"), giving("URL", "other"), giving("ELSE", "third"), giving("URL", "web", "web"))
    rig.event(change or giving("URL"), "MODIFIED" if change else "DELETED")
    taken = rig.taken()
    assert LATER in taken
    assert {each for each in taken if each.kind == "ServiceBinding"} <= {BOUND, LATER}
    rig.event(giving("URL"), "MODIFIED" if change else "ADDED")
    assert LATER in rig.taken()


def test_who_has_to_do_without_a_variable_is_not_bothered_with_the_progress_of_the_other() -> None:
    rig = Rig()
    rig.know(microservice(), giving("URL"), giving("URL", "other"))
    rig.event(giving("URL", status={"conditions": READY}))
    assert rig.taken() == {BOUND, ORDERS}


QUEUES, TABLES = Key("BindingPolicy", "", "queues"), Key("BindingPolicy", "", "tables")


@pytest.mark.parametrize(
    ("before", "after", "counted"),
    [
        ({}, {"policy": "queues"}, {QUEUES}),
        ({"policy": "queues"}, {"policy": "tables"}, {QUEUES, TABLES}),
        ({"policy": "queues"}, None, {QUEUES}),
        ({"policy": "queues"}, {"policy": "queues", "conditions": READY}, set()),
        ({}, {"policy": "gone"}, set()),
    ],
    ids=["comes", "moves", "is deleted", "stays", "no such policy"],
)
def test_a_policy_counts_its_bindings_a_moment_after_one_came_or_went(
    before: dict[str, Any], after: dict[str, Any] | None, counted: set[Key]
) -> None:
    rig = Rig()
    policies = (of_trimtab("BindingPolicy", name, EVERYBODY) for name in ("queues", "tables"))
    rig.know(*policies, binding(status=before))
    rig.now += COUNTING
    rig.taken()
    rig.event(binding(status=after or {}), "MODIFIED" if after else "DELETED")
    assert rig.taken() == {BOUND}, "many may come at once"
    rig.now += COUNTING
    assert rig.taken() == counted


def test_a_policy_from_a_file_is_no_object_to_report_on() -> None:
    rig = Rig()
    rig.know(namespace(), binding())
    policy = of_trimtab("BindingPolicy", "queues", EVERYBODY)
    del policy["metadata"]["uid"]
    rig.event(policy, "ADDED")
    assert rig.taken() == {BOUND}
    rig.event(binding(status={"policy": "queues"}))
    rig.now += COUNTING
    assert rig.taken() == {BOUND}
    rig.intake.everything()
    assert rig.taken() == {BOUND}


def test_everything_is_all_of_our_kinds_and_the_identities_of_who_has_a_binding() -> None:
    rig = Rig()
    rig.know(microservice(), microservice("web"), binding(), of_trimtab("BindingPolicy", "queues", EVERYBODY))
    rig.intake.everything()
    expected = {ORDERS, Key("Microservice", "shop", "web"), BOUND, Key("BindingPolicy", "", "queues"), IDENTITY}
    assert rig.taken() == expected
