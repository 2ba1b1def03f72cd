"""The informer cache when events come late, twice, out of order, or not at all."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.kubernetes.cache import TOMBSTONE_LIFE, ObjectCache
from trimtab.domain.objects import Object, ref_of


def child(version: int, *, name: str = "orders", uid: str = "u1", owner: str = "ms", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": uid,
            "resourceVersion": str(version),
            "managedFields": [{"manager": "kubectl"}],
            "ownerReferences": [{"controller": True, "uid": owner, "kind": "Microservice"}],
        },
        "data": data,
    }


def test_a_late_event_does_not_hide_a_newer_state() -> None:
    cache = ObjectCache()
    assert cache.put(child(5, mode="new"))
    assert not cache.put(child(4, mode="old"))
    assert not cache.put(child(5, mode="echo"))
    assert cache.get(ref_of(child(5)))["data"] == {"mode": "new"}  # type: ignore[index]


def test_a_late_event_does_not_bring_a_deleted_object_back() -> None:
    cache = ObjectCache()
    cache.put(child(5))
    assert cache.remove(child(7))
    assert not cache.put(child(6))
    assert cache.get(ref_of(child(6))) is None


def test_a_deleted_object_that_a_backup_brings_back_is_known_again_in_time() -> None:
    now = 0.0
    cache = ObjectCache(clock=lambda: now)
    cache.put(child(5))
    cache.remove(child(7))
    now = TOMBSTONE_LIFE
    assert cache.put(child(4))


def test_an_object_that_left_the_selector_and_returned_is_known_again() -> None:
    cache = ObjectCache()
    cache.put(child(5))
    cache.remove(child(7))  # a watch with a selector says DELETED when a label goes
    assert cache.put(child(8))


def test_the_deletion_of_a_predecessor_leaves_its_successor() -> None:
    cache = ObjectCache()
    cache.put(child(5, uid="u1"))
    cache.put(child(9, uid="u2"))
    assert not cache.remove(child(7, uid="u1"))
    assert cache.get(ref_of(child(9)))["metadata"]["uid"] == "u2"  # type: ignore[index]


def test_owners_are_told_apart_by_uid_and_follow_a_change_of_owner() -> None:
    cache = ObjectCache()
    cache.put(child(1, owner="a"))
    cache.put(child(2, name="other", uid="u2", owner="b"))
    assert [obj["metadata"]["name"] for obj in cache.owned_by("a")] == ["orders"]
    cache.put(child(3, owner="b"))
    assert cache.owned_by("a") == []
    assert len(cache.owned_by("b")) == 2


def test_a_live_read_wins_over_a_higher_version_after_a_restore_from_backup() -> None:
    cache = ObjectCache()
    cache.put(child(100, mode="lost"))
    before = cache.get(ref_of(child(100)))
    cache.replace(child(40, mode="restored"), before)
    assert cache.get(ref_of(child(40)))["data"] == {"mode": "restored"}  # type: ignore[index]


def test_a_live_read_that_is_overtaken_by_an_event_loses() -> None:
    cache = ObjectCache()
    cache.put(child(5))
    before = cache.get(ref_of(child(5)))
    cache.put(child(9, mode="newer"))
    cache.replace(child(7, mode="read"), before)
    assert cache.get(ref_of(child(9)))["data"] == {"mode": "newer"}  # type: ignore[index]
    assert cache.absent(ref_of(child(9)), before) is None


def test_pods_are_kept_as_projections() -> None:
    cache = ObjectCache()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "orders-1",
            "namespace": "shop",
            "uid": "p1",
            "resourceVersion": "3",
            "labels": {"trimtab.dev/microservice": "orders"},
            "annotations": {"big": "x" * 1000},
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "env": []}]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]},
    }
    cache.put(pod)
    (kept,) = cache.pods_of("shop", "orders")
    assert kept["spec"] == {"nodeName": "n1"}
    assert kept["status"] == {"phase": "Running"}
    assert "annotations" not in kept["metadata"]
    cache.remove(pod)
    assert cache.pods_of("shop", "orders") == []


def test_nothing_of_the_owner_of_a_field_is_kept() -> None:
    cache = ObjectCache()
    cache.put(child(1))
    assert "managedFields" not in cache.get(ref_of(child(1)))["metadata"]  # type: ignore[index]


@given(st.permutations(list(range(1, 9))), st.integers(0, 8))
def test_whatever_the_order_of_events_the_last_state_stays(order: list[int], deleted_at: int) -> None:
    cache = ObjectCache()
    for version in order:
        cache.remove(child(version)) if version == deleted_at else cache.put(child(version, v=str(version)))
    known: Object | None = cache.get(ref_of(child(1)))
    if deleted_at == 8:
        assert known is None
    else:
        assert known is not None
        assert known["data"] == {"v": "8"}


def test_endpoint_slices_are_found_by_their_microservice_and_keep_who_is_ready() -> None:
    cache = ObjectCache()
    endpoint: dict[str, Any] = {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": True},
        "targetRef": {"kind": "Pod", "name": "orders-1"},
        "nodeName": "n1",
    }
    endpoint_slice: dict[str, Any] = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "orders-x2x7f",
            "namespace": "shop",
            "uid": "s1",
            "resourceVersion": "3",
            "labels": {"trimtab.dev/microservice": "orders", "kubernetes.io/service-name": "orders"},
        },
        "endpoints": [endpoint],
        "ports": [{"name": "http", "port": 8080}],
    }
    cache.put(endpoint_slice)
    (kept,) = cache.endpoint_slices_of("shop", "orders")
    assert kept["endpoints"] == [{name: endpoint[name] for name in ("addresses", "conditions", "targetRef")}]
    assert kept["metadata"]["labels"]["kubernetes.io/service-name"] == "orders"
    assert "ports" not in kept
    assert cache.pods_of("shop", "orders") == []
    cache.put({**endpoint_slice, "metadata": {**endpoint_slice["metadata"], "resourceVersion": "4"}, "endpoints": None})
    assert cache.endpoint_slices_of("shop", "orders")[0]["endpoints"] == []
    cache.remove({**endpoint_slice, "metadata": {**endpoint_slice["metadata"], "resourceVersion": "5"}})
    assert cache.endpoint_slices_of("shop", "orders") == []


def test_of_a_pod_only_the_variables_of_its_identity_are_kept() -> None:
    cache = ObjectCache()
    env = [
        {"name": "PASSWORD", "value": "hunter2"},
        {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::123456789012:role/orders"},
        {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/token"},
    ]
    containers = [{"name": "app", "image": "a:1", "env": env}, {"name": "side", "image": "b:1"}]
    metadata = {"name": "orders-1", "namespace": "shop", "uid": "p", "resourceVersion": "1"}
    cache.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}})
    (pod,) = cache.of_kind("Pod")
    assert pod["spec"] == {
        "containers": [
            {
                "name": "app",
                "env": [
                    {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::123456789012:role/orders"},
                    {"name": "AWS_WEB_IDENTITY_TOKEN_FILE"},
                ],
            }
        ]
    }


def test_of_a_namespace_only_what_policies_and_deletions_ask_for_is_kept() -> None:
    cache = ObjectCache()
    metadata = {"name": "shop", "uid": "n", "resourceVersion": "1", "labels": {"team": "a"}, "annotations": {"x": "y"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {"finalizers": ["kubernetes"]}}
    cache.put({**namespace, "status": {"phase": "Active"}})
    (found,) = cache.of_kind("Namespace")
    kept = {name: metadata[name] for name in ("name", "uid", "resourceVersion", "labels")}
    assert found == {"apiVersion": "v1", "kind": "Namespace", "metadata": kept}
    cache.remove(found)
    assert list(cache.of_kind("Namespace")) == []
