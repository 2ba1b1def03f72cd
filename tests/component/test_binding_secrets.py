"""Values of secrets are in the binding's Secret and nowhere else; Secrets that exist already are bound as they are."""

import base64
import json
import logging
from typing import Any

import pytest
from tests.component.binding_world import BINDING, SECRET, BindingWorld, binding, bound

from trimtab.domain.objects import ObjectRef
from trimtab.domain.outcome import Waiting

MARKER = "MARKER-of-a-value-that-nobody-may-see"
VALUE = {"secretsManager": {"generate": {}, "project": "Value"}}
LEGACY = ObjectRef(api_version="v1", kind="Secret", namespace="shop", name="legacy")


def give(world: BindingWorld, value: str) -> None:
    """Somebody puts a value in."""
    for each in world.aws.of("secretsManager/secret").values():
        each.outputs = {"password": value}


def decoded(world: BindingWorld) -> dict[str, str]:
    data = (world.secret() or {})["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


async def test_a_value_is_nowhere_but_in_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world = await bound(**VALUE)
        give(world, MARKER)
        world.clock.advance(600)
        await world.settle()
        assert decoded(world)["password"] == MARKER
        world.clock.advance(600)
        await world.settle()
        world.edit(lambda obj: obj["spec"]["secretsManager"].update(description="of orders"))
        await world.settle()
    told = json.dumps(
        [
            world.server.get(BINDING),
            [(event.reason, event.message) for _, event in world.recorder.events],
            [getattr(record, "fields", {}) for record in caplog.records],
            caplog.text,
        ],
        default=str,
    )
    encoded = base64.b64encode(MARKER.encode()).decode()
    assert MARKER not in told
    assert encoded not in told
    memory = repr(world.reconciler._memories)
    assert MARKER not in memory, "and not in memory longer than a run"
    secret = world.server.get(SECRET)
    assert secret is not None
    assert MARKER not in json.dumps(secret["metadata"])


async def test_a_rotated_value_arrives_with_the_next_poll() -> None:
    world = await bound(**VALUE)
    give(world, "first")
    world.clock.advance(600)
    await world.settle()
    give(world, "second")
    world.clock.advance(600)
    await world.settle()
    assert decoded(world)["password"] == "second"


async def test_an_entry_that_is_no_longer_wanted_goes() -> None:
    world = await bound(**VALUE)
    give(world, "x")
    world.clock.advance(600)
    await world.settle()
    for each in world.aws.of("secretsManager/secret").values():
        each.outputs = {}
    world.clock.advance(600)
    await world.settle()
    assert "password" not in decoded(world)


async def test_a_secret_that_exists_is_bound_without_any_policy() -> None:
    world = BindingWorld()
    world.server.create(binding(secret={"name": "legacy"}))
    outcome = await world.reconcile()
    assert world.condition("Ready") == ("False", "SecretNotFound")
    assert isinstance(outcome, Waiting)
    assert outcome.after == 5
    world.server.create(_secret(password="eA=="))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.status()["binding"] == {"name": "legacy"}
    assert (world.cloud.looks, world.cloud.writes) == (0, 0)
    assert not world.server.get(BINDING)["metadata"].get("finalizers")  # type: ignore[index]
    world.delete()
    assert world.server.get(LEGACY) is not None


async def test_a_variable_without_an_entry_is_told_before_pods_fail() -> None:
    inject = {"env": [{"name": "PASSWORD", "key": "pasword"}]}
    world = BindingWorld()
    world.server.create(_secret(password="eA=="))
    world.server.create(binding(secret={"name": "legacy"}, inject=inject))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "KeyNotFound")
    assert "pasword" in world.message()


async def test_who_may_bind_a_secret_is_not_told_which_keys_it_has() -> None:
    world = BindingWorld()
    world.server.create(_secret(hidden="eA=="))
    world.server.create(binding(secret={"name": "legacy"}, inject={"env": [{"name": "PASSWORD", "key": "password"}]}))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "KeyNotFound")
    assert "hidden" not in str(world.status())


def _secret(**data: str) -> dict[str, Any]:
    metadata = {"name": LEGACY.name, "namespace": LEGACY.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
