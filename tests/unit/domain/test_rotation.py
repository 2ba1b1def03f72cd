"""Secrets that change restart the pods that see them only at their start, once, in the same revision."""

from typing import Any

import pytest
from tests.unit.domain.world import World, applied, effects

from trimtab.domain import labels
from trimtab.domain.outcome import Done
from trimtab.domain.service.references import secrets_of

IMAGE = "r.example/orders:1"
BY_ENV = {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}}]}
BY_ENV_FROM = {"envFrom": [{"secretRef": {"name": "db"}}]}
BY_SIDECAR = {"sidecars": [{"name": "s", "image": "s", **BY_ENV}]}
BY_SUB_PATH = {"volumes": [{"name": "v", "mountPath": "/v", "subPath": "k", "secret": {"secretName": "db"}}]}
BY_VOLUME = {"volumes": [{"name": "v", "mountPath": "/v", "secret": {"secretName": "db"}}]}
BY_PROJECTION = {"volumes": [{"name": "v", "mountPath": "/v", "projected": {"sources": [{"secret": {"name": "db"}}]}}]}


def settled(spec: dict[str, Any], content: str | None = "first") -> World:
    world = World({"image": IMAGE, **spec})
    world.secret("db", content)
    world.settle()
    return world


def mark(world: World) -> str | None:
    deployment = world.find("Deployment")
    assert deployment is not None
    value: str | None = deployment["spec"]["template"]["metadata"]["annotations"].get(labels.SECRETS)
    return value


@pytest.mark.parametrize("spec", [BY_ENV, BY_ENV_FROM, BY_SIDECAR, BY_SUB_PATH])
def test_a_new_content_restarts_the_pods_once_without_a_new_revision(spec: dict[str, Any]) -> None:
    world = settled(spec)
    before, revision = mark(world), world.status["revision"]
    assert effects(world.decide()) == []
    world.secret("db", "second")
    assert applied(world.decide()) == ["Deployment"]
    world.settle()
    assert mark(world) != before
    assert world.status["revision"] == revision
    assert effects(world.decide()) == []


@pytest.mark.parametrize("spec", [BY_VOLUME, BY_PROJECTION])
def test_files_follow_their_secret_without_a_restart(spec: dict[str, Any]) -> None:
    world = settled(spec)
    world.secret("db", "second")
    assert effects(world.decide()) == []


@pytest.mark.parametrize("spec", [BY_ENV, BY_ENV_FROM, BY_SIDECAR, BY_SUB_PATH, BY_VOLUME, BY_PROJECTION])
def test_every_secret_that_a_pod_needs_is_looked_at(spec: dict[str, Any]) -> None:
    world = World({"image": IMAGE, **spec})
    observation = world.observe()
    assert secrets_of(observation.spec, observation.children) == {"db"}


def test_the_secrets_of_the_serving_revision_are_looked_at_while_a_new_one_is_on_its_way() -> None:
    world = settled(BY_ENV)
    world.change({"image": IMAGE, "envFrom": [{"secretRef": {"name": "new"}}]})
    observation = world.observe()
    assert secrets_of(observation.spec, observation.children) == {"db", "new"}


@pytest.mark.parametrize("unknown", [True, False])
def test_a_secret_that_goes_or_cannot_be_read_restarts_nothing(unknown: bool) -> None:
    world = settled(BY_ENV)
    if unknown:
        world.secrets.clear()
    else:
        world.secret("db", None)
    assert effects(world.decide()) == []
    world.secret("db", "first")
    assert effects(world.decide()) == []


def test_a_missing_secret_keeps_nobody_elses_rotation_from_happening() -> None:
    two = {"envFrom": [{"secretRef": {"name": "db"}}, {"secretRef": {"name": "gone", "optional": True}}]}
    world = settled(two)
    world.secret("gone", None)
    assert effects(world.decide()) == []
    world.secret("db", "second")
    assert applied(world.decide()) == ["Deployment"]


def test_a_secret_that_is_missing_is_named_and_looked_for_again_soon() -> None:
    world = World({"image": IMAGE, **BY_ENV})
    world.secret("db", None)
    world.reconcile()
    result = world.reconcile()
    assert [(b["kind"], b["name"], b["reason"]) for b in world.status["waitingFor"]] == [
        ("Secret", "db", "SecretNotFound")
    ]
    assert world.ready == ("False", "SecretNotFound")
    assert result.outcome.after == 5  # type: ignore[union-attr]


def test_a_secret_that_a_running_service_has_lost_is_named_before_the_next_pod_needs_it() -> None:
    world = settled(BY_ENV)
    world.secret("db", None)
    result = world.reconcile()
    assert world.ready == ("True", "Available")
    assert [(b["kind"], b["name"], b["reason"]) for b in world.status["waitingFor"]] == [
        ("Secret", "db", "SecretNotFound")
    ]
    assert result.outcome == Done()


def test_the_mark_tells_nothing_of_the_content() -> None:
    world = settled(BY_ENV, content="digest-of-hunter2")
    assert "hunter2" not in str(world.objects)
    assert "hunter2" not in str(world.status)


def test_a_rollback_keeps_the_secrets_of_today() -> None:
    world = settled(BY_ENV)
    world.update(image="r.example/orders:2")
    world.secret("db", "second")
    world.settle()
    today = mark(world)
    world.update(image=IMAGE)
    world.settle()
    assert mark(world) == today
