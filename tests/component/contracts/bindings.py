"""What every implementation of the cluster port must do for bindings: inherited by the contract of the whole port."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from tests.component.contracts.world import World
from tests.support.kube import poll

from trimtab.domain.labels import BINDING_FINALIZER
from trimtab.domain.objects import Object, ObjectRef, ref_of, uid_of
from trimtab.ports.cluster import Cluster, ConflictError, InvalidError

OTHERS = "example.com/other"


def service_binding(namespace: str, name: str = "orders-in", **spec: Any) -> dict[str, Any]:
    """A ServiceBinding of an existing Secret, which asks nothing of AWS."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "ServiceBinding",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"secret": {"name": "legacy"}, **spec},
    }


def _service(namespace: str, name: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {})},
        "spec": {"image": "registry.example/orders:1"},
    }


def secret(namespace: str, name: str = "orders-in-binding", **values: str) -> dict[str, Any]:
    """A Secret with these values."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "trimtab"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "servicebinding.io/sqs", "data": data}


def pod(namespace: str, name: str = "probe") -> dict[str, Any]:
    """A pod that is never to run."""
    metadata = {"name": name, "namespace": namespace}
    spec = {"containers": [{"name": "app", "image": "registry.example/app:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


class BindingContract:
    """Inherit, and provide the fixtures `cluster` and `world`."""

    async def test_our_finalizer_joins_those_of_others(self, cluster: Cluster, world: World) -> None:
        made = await world.create(service_binding(world.namespace))
        await world.edit(ref_of(made), {"metadata": {"finalizers": [OTHERS]}})
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=True)
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=True)
        assert await _finalizers(world, made) == {OTHERS, BINDING_FINALIZER}
        cached = cluster.cached(ref_of(made))
        assert cached is not None
        assert BINDING_FINALIZER in cached["metadata"]["finalizers"]
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=False)
        assert await _finalizers(world, made) == {OTHERS}
        await world.edit(ref_of(made), {"metadata": {"finalizers": None}})

    async def test_a_finalizer_that_a_backup_brought_goes_as_well(self, cluster: Cluster, world: World) -> None:
        made = await world.create(service_binding(world.namespace))
        await world.edit(ref_of(made), {"metadata": {"finalizers": [OTHERS, BINDING_FINALIZER]}})
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=False)
        assert await _finalizers(world, made) == {OTHERS}
        await world.edit(ref_of(made), {"metadata": {"finalizers": None}})

    async def test_a_finalizer_keeps_what_is_deleted_and_lets_it_go(self, cluster: Cluster, world: World) -> None:
        made = await world.create(service_binding(world.namespace))
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=True)
        await world.begin_deletion(ref_of(made))
        assert await _finalizers(world, made) == {BINDING_FINALIZER}
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=False)
        assert await world.get(ref_of(made)) is None
        await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=False)  # gone already: a success

    async def test_what_is_being_deleted_gets_no_finalizer(self, cluster: Cluster, world: World) -> None:
        made = await world.create(service_binding(world.namespace))
        await world.edit(ref_of(made), {"metadata": {"finalizers": [OTHERS]}})
        await world.begin_deletion(ref_of(made))
        with pytest.raises(InvalidError):
            await cluster.set_finalizer(ref_of(made), uid=uid_of(made), present=True)
        await world.edit(ref_of(made), {"metadata": {"finalizers": None}})

    async def test_a_finalizer_is_not_put_on_another_object(self, cluster: Cluster, world: World) -> None:
        stale = uid_of(await world.create(service_binding(world.namespace)))
        await world.delete(ref_of(service_binding(world.namespace)))
        ref = ref_of(service_binding(world.namespace))
        with pytest.raises(ConflictError):
            await cluster.set_finalizer(ref, uid=stale, present=True)
        assert await world.get(ref) is None
        other = await world.create(service_binding(world.namespace))
        with pytest.raises(ConflictError):
            await cluster.set_finalizer(ref, uid=stale, present=True)
        assert not await _finalizers(world, other)

    async def test_a_secret_is_written_and_read_but_never_remembered(self, cluster: Cluster, world: World) -> None:
        manifest = secret(world.namespace, uri="amqp://user:hunter2@mq")
        made = await cluster.apply(manifest)
        found = await cluster.get(ref_of(manifest))
        assert found is not None
        assert found["data"] == manifest["data"]
        assert cluster.cached(ref_of(manifest)) is None
        await cluster.apply(secret(world.namespace, uri="other"), uid=uid_of(made))
        assert cluster.cached(ref_of(manifest)) is None

    async def test_an_owner_is_taken_off_a_secret_by_applying_it_without(self, cluster: Cluster, world: World) -> None:
        owner = await world.create(service_binding(world.namespace))
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "uid": uid_of(owner)}
        owned = secret(world.namespace, uri="x")
        owned["metadata"]["ownerReferences"] = [
            {**reference, "name": "orders-in", "controller": True, "blockOwnerDeletion": True}
        ]
        made = await cluster.apply(owned)
        answer = await cluster.apply(secret(world.namespace, uri="x"), uid=uid_of(made))
        assert not answer["metadata"].get("ownerReferences")

    async def test_bindings_are_known_by_name_and_by_what_they_select(self, cluster: Cluster, world: World) -> None:
        named = service_binding(world.namespace, "named", workload={"name": "orders"})
        selecting = service_binding(world.namespace, "selecting", workload={"selector": {"tier": "backend"}})
        for manifest in (named, selecting, service_binding(world.namespace, "alone")):
            made = await world.create(manifest)
            await cluster.apply_status(ref_of(made), {"service": "secret"}, uid=uid_of(made))  # now it is cached
        for name, labels in (("orders", {"tier": "backend"}), ("stock", {"tier": "backend"}), ("web", {})):
            service = await world.create(_service(world.namespace, name, labels))
            await cluster.apply_status(ref_of(service), {"version": "1"}, uid=uid_of(service))

        def of(microservice: str = "") -> list[str]:
            return sorted(each["metadata"]["name"] for each in cluster.bindings(world.namespace, microservice))

        assert of() == ["alone", "named", "selecting"]
        assert [of("orders"), of("stock"), of("web")] == [["named", "selecting"], ["selecting"], []]
        assert list(cluster.bindings("elsewhere")) == []
        assert len(list(cluster.bindings())) >= 3
        found = {name: _names(cluster.workloads(each)) for name, each in (("n", named), ("s", selecting))}
        assert found == {"n": ["orders"], "s": ["orders", "stock"]}
        assert _names(cluster.workloads(service_binding(world.namespace, workload={"name": "nobody"}))) == []

    async def test_a_binding_that_no_watch_has_told_is_found(self, cluster: Cluster, world: World) -> None:
        for name in ("first", "second"):
            await world.create(service_binding(world.namespace, name, workload={"name": name}))
            service = await world.create(_service(world.namespace, name))
            await cluster.refresh_bindings(service)
            assert _names(cluster.bindings(world.namespace, name)) == [name]

    async def test_who_refers_to_a_secret_is_known_while_it_runs_pods(self, cluster: Cluster, world: World) -> None:
        spec = pod(world.namespace)["spec"]
        source = {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "orders-in-binding", "key": "uri"}}}
        template = {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{**spec["containers"][0], "env": [source]}]},
        }
        manifest: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "orders", "namespace": world.namespace},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template},
        }
        made = await cluster.apply(manifest)
        assert await cluster.secret_users(world.namespace, "orders-in-binding") == ("Deployment/orders",)
        assert await cluster.secret_users(world.namespace, "another") == ()
        await cluster.apply({**manifest, "spec": {**manifest["spec"], "replicas": 0}}, uid=uid_of(made))

        async def unused() -> bool:
            return await cluster.secret_users(world.namespace, "orders-in-binding") == ()

        await poll(unused, 180, "its pods have gone")

    async def test_pods_of_others_count_as_users_of_a_secret(self, cluster: Cluster, world: World) -> None:
        account = {"metadata": {"name": "default", "namespace": world.namespace}}
        await world.ensure({"apiVersion": "v1", "kind": "ServiceAccount", **account})
        foreign = pod(world.namespace, "foreign")
        volume = {"name": "x", "secret": {"secretName": "orders-in-binding"}}
        foreign["spec"] |= {"nodeSelector": {"nowhere": "true"}, "volumes": [volume]}
        made = await world.create(foreign)
        assert await cluster.secret_users(world.namespace, "orders-in-binding") == ("Pod/foreign",)
        assert await cluster.secret_users(world.namespace, "another") == ()
        await cluster.evict(ref_of(made), uid=uid_of(made))

    async def test_a_dry_run_tells_what_would_be_and_makes_nothing(self, cluster: Cluster, world: World) -> None:
        account = {"metadata": {"name": "default", "namespace": world.namespace}}
        await world.ensure({"apiVersion": "v1", "kind": "ServiceAccount", **account})
        answer = await cluster.dry_run(pod(world.namespace))
        assert answer["metadata"]["name"] == "probe"
        assert answer["spec"]["containers"][0]["image"] == "registry.example/app:1"
        assert await world.get(ref_of(pod(world.namespace))) is None
        assert cluster.cached(ref_of(pod(world.namespace))) is None

    async def test_an_evicted_pod_goes_and_no_other(self, cluster: Cluster, world: World) -> None:
        account = {"metadata": {"name": "default", "namespace": world.namespace}}
        await world.ensure({"apiVersion": "v1", "kind": "ServiceAccount", **account})
        unscheduled = pod(world.namespace)
        unscheduled["spec"] |= {"nodeSelector": {"nowhere": "true"}, "terminationGracePeriodSeconds": 0}
        made = await world.create(unscheduled)
        await cluster.evict(ref_of(made), uid="another")
        assert await world.get(ref_of(made)) is not None
        await cluster.evict(ref_of(made), uid=uid_of(made))
        assert await world.get(ref_of(made)) is None
        await cluster.evict(ref_of(made), uid=uid_of(made))  # gone already: a success

    async def test_our_crds_are_not_being_deleted(self, cluster: Cluster, world: World) -> None:
        assert await cluster.ending("ServiceBinding") is False


def _names(objects: Any) -> list[str]:
    return sorted(each["metadata"]["name"] for each in objects)


async def _finalizers(world: World, obj: Object) -> set[str]:
    ref: ObjectRef = ref_of(obj)
    live = await world.get(ref)
    assert live is not None
    return set(live["metadata"].get("finalizers") or ())
