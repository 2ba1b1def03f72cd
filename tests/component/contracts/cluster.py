"""What every implementation of the cluster port must do: the memory fake here, the real one in integration."""

from dataclasses import replace
from typing import Any

import pytest
from tests.component.contracts.bindings import BindingContract
from tests.component.contracts.world import World

from trimtab.domain.objects import ref_of, uid_of
from trimtab.ports.cluster import (
    Cluster,
    ConflictError,
    InvalidError,
    KindNotServedError,
    LeaseLostError,
    NotFoundError,
    TerminatingError,
)


def config_map(namespace: str, name: str = "settings", **data: str) -> dict[str, Any]:
    """A ConfigMap; the simplest object that there is."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "trimtab"}},
        "data": data,
    }


def microservice(namespace: str, name: str = "orders", **spec: Any) -> dict[str, Any]:
    """A Microservice with the one field that it must have."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"image": "registry.example/orders:1", **spec},
    }


def canary_release(namespace: str, name: str, *targets: str) -> dict[str, Any]:
    """A CanaryRelease of these Microservices with no field that it need not have."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CanaryRelease",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "targets": [{"name": target} for target in targets],
            "strategy": {"allAtOnce": {"bake": "1m"}},
            "kpis": [{"name": "pods", "pods": {}}],
        },
    }


class ClusterContract(BindingContract):
    """Inherit, and provide the fixtures `cluster` and `world`."""

    async def test_an_applied_object_exists_and_is_cached_at_once(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="on")
        answer = await cluster.apply(manifest)
        live = await world.get(ref_of(manifest))
        assert live is not None
        assert live["data"] == {"mode": "on"}
        cached = cluster.cached(ref_of(manifest))
        assert cached is not None
        assert cached["data"] == {"mode": "on"}
        assert uid_of(answer) == uid_of(cached) == uid_of(live)

    async def test_applying_the_same_again_changes_nothing(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="on")
        first = await cluster.apply(manifest)
        second = await cluster.apply(manifest, uid=uid_of(first))
        assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]

    async def test_a_field_that_is_no_longer_applied_goes(self, cluster: Cluster, world: World) -> None:
        first = await cluster.apply(config_map(world.namespace, keep="1", drop="1"))
        answer = await cluster.apply(config_map(world.namespace, keep="1"), uid=uid_of(first))
        assert answer["data"] == {"keep": "1"}

    async def test_a_changed_field_of_ours_comes_back_and_foreign_fields_stay(
        self, cluster: Cluster, world: World
    ) -> None:
        manifest = config_map(world.namespace, mode="on")
        uid = uid_of(await cluster.apply(manifest))
        foreign = {"metadata": {"annotations": {"argocd.example/tracking": "x"}}, "data": {"mode": "off", "other": "1"}}
        await world.edit(ref_of(manifest), foreign)
        answer = await cluster.apply(manifest, uid=uid)
        assert answer["data"] == {"mode": "on", "other": "1"}
        assert answer["metadata"]["annotations"] == {"argocd.example/tracking": "x"}

    async def test_a_new_object_takes_the_name_of_no_other(self, cluster: Cluster, world: World) -> None:
        await world.create(config_map(world.namespace, mode="theirs"))
        with pytest.raises(ConflictError):
            await cluster.apply(config_map(world.namespace, mode="ours"))
        live = await world.get(ref_of(config_map(world.namespace)))
        assert live is not None
        assert live["data"] == {"mode": "theirs"}

    async def test_a_new_object_is_not_made_twice(self, cluster: Cluster, world: World) -> None:
        await cluster.apply(config_map(world.namespace, mode="on"))
        with pytest.raises(ConflictError):
            await cluster.apply(config_map(world.namespace, mode="on"))

    async def test_an_object_of_another_uid_is_not_touched(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="ours")
        stale = uid_of(await cluster.apply(manifest))
        await world.delete(ref_of(manifest))
        await world.create(config_map(world.namespace, mode="theirs"))
        with pytest.raises(ConflictError):
            await cluster.apply(manifest, uid=stale)
        live = await world.get(ref_of(manifest))
        assert live is not None
        assert live["data"] == {"mode": "theirs"}

    async def test_after_a_conflict_the_cache_tells_the_truth(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="ours")
        stale = uid_of(await cluster.apply(manifest))
        await world.delete(ref_of(manifest))
        with pytest.raises(ConflictError):
            await cluster.apply(manifest, uid=stale)
        assert cluster.cached(ref_of(manifest)) is None

    async def test_a_live_read_finds_what_is_there_and_nothing_else(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="theirs")
        assert await cluster.get(ref_of(manifest)) is None
        await world.create(manifest)
        found = await cluster.get(ref_of(manifest))
        assert found is not None
        assert found["data"] == {"mode": "theirs"}

    async def test_what_the_server_refuses_is_invalid(self, cluster: Cluster, world: World) -> None:
        with pytest.raises(InvalidError):
            await cluster.apply(config_map(world.namespace, name="Not_A_Name"))

    async def test_a_kind_that_is_not_installed_is_told_apart(self, cluster: Cluster, world: World) -> None:
        ref = replace(world.unserved, namespace=world.namespace)
        assert not cluster.serves(ref.api_version, ref.kind)
        with pytest.raises(KindNotServedError):
            await cluster.get(ref)

    async def test_nothing_is_made_in_a_terminating_namespace(self, cluster: Cluster, world: World) -> None:
        with pytest.raises(TerminatingError):
            await cluster.apply(config_map(await world.terminate(), mode="on"))

    async def test_a_status_is_written_whole(self, cluster: Cluster, world: World) -> None:
        resource = await world.create(microservice(world.namespace))
        ref, uid = ref_of(resource), uid_of(resource)
        await cluster.apply_status(ref, {"revision": "a", "version": "1"}, uid=uid)
        answer = await cluster.apply_status(ref, {"revision": "b"}, uid=uid)
        assert answer["status"].get("version") is None
        assert answer["status"]["revision"] == "b"
        assert answer["spec"]["image"] == resource["spec"]["image"]

    async def test_a_decision_on_a_changed_resource_is_refused(self, cluster: Cluster, world: World) -> None:
        resource = await world.create(microservice(world.namespace))
        seen = resource["metadata"]["resourceVersion"]
        await world.edit(ref_of(resource), {"spec": {"image": "registry.example/orders:2"}})
        with pytest.raises(ConflictError):
            await cluster.apply_status(ref_of(resource), {"revision": "a"}, uid=uid_of(resource), resource_version=seen)

    async def test_the_status_of_a_deleted_resource_is_not_written(self, cluster: Cluster, world: World) -> None:
        resource = await world.create(microservice(world.namespace))
        await world.delete(ref_of(resource))
        with pytest.raises((NotFoundError, ConflictError)):
            await cluster.apply_status(ref_of(resource), {"revision": "a"}, uid=uid_of(resource))
        assert await world.get(ref_of(resource)) is None

    async def test_scaling_sets_the_absent_field(self, cluster: Cluster, world: World) -> None:
        resource = await world.create(microservice(world.namespace))
        await cluster.scale(ref_of(resource), 3)
        live = await world.get(ref_of(resource))
        assert live is not None
        assert live["spec"]["replicas"] == 3

    async def test_a_deletion_meets_only_the_object_that_was_meant(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="ours")
        stale = uid_of(await cluster.apply(manifest))
        await world.delete(ref_of(manifest))
        await cluster.delete(ref_of(manifest), uid=stale)  # gone already: a success
        await world.create(config_map(world.namespace, mode="theirs"))
        await cluster.delete(ref_of(manifest), uid=stale)
        assert await world.get(ref_of(manifest)) is not None

    async def test_a_deleted_object_leaves_the_cache(self, cluster: Cluster, world: World) -> None:
        manifest = config_map(world.namespace, mode="ours")
        uid = uid_of(await cluster.apply(manifest))
        await cluster.delete(ref_of(manifest), uid=uid)
        assert cluster.cached(ref_of(manifest)) is None
        assert await world.get(ref_of(manifest)) is None

    async def test_children_are_known_by_the_uid_of_their_owner(self, cluster: Cluster, world: World) -> None:
        resource = await world.create(microservice(world.namespace))
        owner = {
            "apiVersion": resource["apiVersion"],
            "kind": resource["kind"],
            "name": resource["metadata"]["name"],
            "uid": uid_of(resource),
            "controller": True,
            "blockOwnerDeletion": True,
        }
        manifest = config_map(world.namespace, mode="on")
        manifest["metadata"]["ownerReferences"] = [owner]
        await cluster.apply(manifest)
        await cluster.apply(config_map(world.namespace, name="loose"))
        assert [ref_of(child) for child in cluster.children(uid_of(resource))] == [ref_of(manifest)]
        assert list(cluster.children("another")) == []

    async def test_releases_are_known_by_their_targets(self, cluster: Cluster, world: World) -> None:
        both = await world.create(canary_release(world.namespace, "both", "orders", "stock"))
        web = await world.create(canary_release(world.namespace, "web", "web"))
        for policy in (both, web):
            await cluster.apply_status(ref_of(policy), {"phase": "Idle"}, uid=uid_of(policy))  # now it is cached

        def found(microservice: str = "") -> list[str]:
            return [policy["metadata"]["name"] for policy in cluster.policies(world.namespace, microservice)]

        assert [found("orders"), found("stock"), found("web"), found("nobody")] == [["both"], ["both"], ["web"], []]
        assert found() == ["both", "web"]
        assert list(cluster.policies("elsewhere")) == []

    async def test_the_log_of_no_pod_is_not_found(self, cluster: Cluster, world: World) -> None:
        with pytest.raises(NotFoundError):
            await cluster.log_tail(world.namespace, "nobody", "app", 10)

    async def test_nothing_is_written_without_the_lease(self, cluster: Cluster, world: World) -> None:
        world.end_lease()
        with pytest.raises(LeaseLostError):
            await cluster.apply(config_map(world.namespace, mode="on"))
        assert await world.get(ref_of(config_map(world.namespace))) is None
