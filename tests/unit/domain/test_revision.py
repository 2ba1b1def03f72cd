"""Revisions: recorded once, applied from the record, gone back to without Git."""

import copy
from typing import Any

import pytest
from tests.unit.domain.world import World, effects

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels, names
from trimtab.domain.service import containers, pods, revision
from trimtab.domain.service.observation import ClusterSettings

IMAGE = "r.example/orders:1"
FULL: dict[str, Any] = {
    "image": IMAGE,
    "config": {"data": {"a": "1"}, "mountPath": "/etc/orders"},
    "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
    "jobs": [{"name": "migrate", "run": "BeforeRollout"}],
}


def settled(**spec: Any) -> World:
    world = World({"image": IMAGE, **spec})
    world.settle()
    return world


def shape(**spec: Any) -> str:
    return revision.shape(MicroserviceSpec.model_validate({"image": IMAGE, **spec}))


@pytest.mark.parametrize(
    "change",
    [
        {"image": "r.example/orders:2"},
        {"command": ["/x"]},
        {"ports": []},
        {"env": [{"name": "A", "value": "1"}]},
        {"config": {"data": {"a": "2"}, "mountPath": "/etc/orders"}},
        {"config": {"data": {"a": "1"}, "mountPath": "/etc/other"}},
        {"config": {"data": {"a": "1"}, "mountPath": "/etc/orders", "onChange": "Ignore"}},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"health": {"liveness": {"path": "/livez"}}},
        {"shutdown": {"drain": "15s"}},
        {"availability": {"spread": "Node"}},
        {"placement": {"priorityClassName": "high"}},
        {"serviceAccount": {"name": "mine"}},
        {"securityContext": {"runAsUser": 1}},
        {"podMetadata": {"labels": {"a": "b"}}},
        {"initContainers": [{"name": "i", "image": "i"}]},
        {"sidecars": [{"name": "s", "image": "s"}]},
    ],
)
def test_what_shapes_pods_makes_a_revision(change: dict[str, Any]) -> None:
    base = {"config": {"data": {"a": "1"}, "mountPath": "/etc/orders"}}
    assert shape(**base) != shape(**{**base, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 3},
        {"scaling": {"max": 3}},
        {"availability": {"maxUnavailable": 2}},
        {"serviceAccount": {"annotations": {"a": "b"}}},
        {"jobs": [{"name": "migrate", "run": "BeforeRollout"}]},
        {"network": {"allowFrom": [{"microservice": "web"}]}},
        {"expose": {"gateway": {"name": "public"}}},
        {"suspend": True},
        {"ports": [{"name": "http", "port": 8080}]},
        {"shutdown": {"drain": "10s", "grace": "30s"}},
        {"health": {}},
    ],
)
def test_what_does_not_shape_pods_or_says_the_default_makes_none(change: dict[str, Any]) -> None:
    assert shape(**change) == shape()


def test_mutable_configuration_makes_no_revision() -> None:
    config = {"mountPath": "/etc/orders", "onChange": "Ignore"}
    assert shape(config={**config, "data": {"a": "1"}}) == shape(config={**config, "data": {"a": "2"}})


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (revision, "HASH_VERSION", 99),
        (revision, "PLATFORM_VERSION", 99),
        (containers, "DEFAULT_REQUESTS", {"cpu": "1", "memory": "1Gi"}),
        (pods, "template", lambda *_: pytest.fail("a recorded revision is not rendered again")),
    ],
)
def test_a_new_operator_changes_nothing_of_what_runs(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: Any
) -> None:
    world = World(FULL)
    world.secret("db", "content")
    world.settle()
    world.end_job(world.names("Job")[0], good=True)
    world.settle()
    before = copy.deepcopy(world.objects)
    monkeypatch.setattr(module, name, value)
    plan = world.decide()
    assert plan.intent is None
    assert effects(plan) == []
    world.settle()
    assert world.objects == before


def test_a_new_operator_uses_its_own_versions_for_new_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    world = settled()
    monkeypatch.setattr(revision, "PLATFORM_VERSION", 7)
    world.update(image="r.example/orders:2")
    world.settle()
    versions = {
        obj["data"]["platformVersion"] for ref, obj in world.objects.items() if ref.kind == "ControllerRevision"
    }
    assert len(versions) == 2


def test_a_lost_deployment_is_rebuilt_from_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    world = settled()
    deployment = world.find("Deployment")
    assert deployment is not None
    template = copy.deepcopy(deployment["spec"]["template"])
    monkeypatch.setattr(containers, "DEFAULT_REQUESTS", {"cpu": "1"})
    world.objects = {ref: obj for ref, obj in world.objects.items() if ref.kind != "Deployment"}
    world.settle()
    rebuilt = world.find("Deployment")
    assert rebuilt is not None
    assert rebuilt["spec"]["template"] == template


def test_a_rollback_comes_from_the_record_and_runs_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [{"name": "migrate", "run": "BeforeRollout"}]
    world = settled(jobs=jobs)
    world.end_job(world.names("Job")[0], good=True)
    world.settle()
    first = world.status["revision"]
    template = copy.deepcopy(world.find("Deployment")["spec"]["template"])  # type: ignore[index]
    world.update(image="r.example/orders:2")
    world.settle()
    world.end_job(next(name for name in world.names("Job") if "status" not in world.find("Job", name)), good=True)  # type: ignore[operator]
    world.settle()
    assert world.status["stableRevision"] != first
    monkeypatch.setattr(containers, "DEFAULT_REQUESTS", {"cpu": "1"})
    world.update(image=IMAGE)
    world.settle()
    assert world.status["revision"] == world.status["stableRevision"] == first
    assert world.find("Deployment")["spec"]["template"] == template  # type: ignore[index]
    assert len(world.status["jobs"]) == 2, "no third run"


def test_ten_revisions_stay_recorded_and_the_serving_one_always() -> None:
    world = settled()
    for tag in range(2, 15):
        world.update(image=f"r.example/orders:{tag}")
        world.settle()
    assert len(world.names("ControllerRevision")) == 10
    assert len(world.status["history"]) == 10
    assert [item["version"] for item in world.status["history"]][:2] == ["14", "13"]
    assert f"orders-{world.status['stableRevision']}" in world.names("ControllerRevision")


def test_a_revision_of_equal_name_and_other_shape_gets_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    world = settled()
    digests = iter([world.status["revision"], "other00000"])  # a collision, then none
    monkeypatch.setattr(names, "digest", lambda text: next(digests, "y" * 10) if "orders:2" in text else "x" * 10)
    world.update(image="r.example/orders:2")
    assert world.decide().intent["revision"] == "other00000"  # type: ignore[index]


def test_an_older_record_with_other_fields_is_read() -> None:
    world = settled()
    for ref, obj in world.objects.items():
        if ref.kind == "ControllerRevision":
            del obj["data"]["hashVersion"], obj["data"]["platformVersion"], obj["data"]["configMaps"]
    assert effects(world.decide()) == []


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("r.example:5000/orders:1.4.2", "1.4.2"),
        ("orders", "latest"),
        ("r.example:5000/orders", "latest"),
        ("r.example/orders:1@sha256:0123456789abcdef0123", "0123456789ab"),
    ],
)
def test_the_version_is_the_tag_or_a_short_digest(image: str, version: str) -> None:
    assert revision.image_version(image) == version


def test_a_wish_for_a_platform_counts_once_whatever_becomes_available_again() -> None:
    old, new = ClusterSettings(proxy_image="r.example/proxy:a"), ClusterSettings(proxy_image="r.example/proxy:b")
    world = World({"image": IMAGE, "resilience": {"timeout": "2s"}}, settings=old)
    world.settle()
    first = world.status["revision"]
    world.settings = new
    world.settle()
    assert world.status["revision"] == first
    world.annotate(labels.PLATFORM, revision.platform(new))
    world.settle()
    second = world.status["revision"]
    assert second != first
    world.settings = old
    world.update(image="r.example/orders:2")
    world.settle()
    third = world.status["revision"]
    world.settings = new  # the operator comes back, and with it the platform that was asked for long ago
    world.settle()
    assert world.status["revision"] == third
