"""Two bindings that give one workload the same variable: which of them has it is told."""

from typing import Any

import pytest
from tests.component.binding_world import API, QUEUE, BindingWorld, binding
from tests.component.world import microservice

from trimtab.domain.objects import ObjectRef
from trimtab.reconcilers.queue import Key

FIRST, SECOND = "a-first", "b-second"
WORKLOAD = {"workload": {"name": "orders"}}
URL = {"inject": {"env": [{"name": "QUEUE_URL", "key": "queue-url"}]}}


def ref(name: str) -> ObjectRef:
    return ObjectRef(api_version=API, kind="ServiceBinding", namespace="shop", name=name)


async def world_with(first: dict[str, Any], second: dict[str, Any]) -> BindingWorld:
    world = BindingWorld()
    world.server.create(microservice())
    world.server.create(binding(FIRST, **QUEUE, **first))
    world.server.create(binding(SECOND, **QUEUE, **second))
    await settle(world)
    return world


async def settle(world: BindingWorld) -> None:
    await world.settle(Key("ServiceBinding", "shop", FIRST), Key("ServiceBinding", "shop", SECOND))


async def test_the_second_of_two_bindings_with_one_variable_says_so_and_holds_nothing_back() -> None:
    world = await world_with(WORKLOAD | URL, WORKLOAD | URL)
    assert world.condition("Ready", ref(FIRST)) == ("True", "Bound")
    assert world.condition("Ready", ref(SECOND)) == ("False", "VariableTaken")
    assert world.condition("Stalled", ref(SECOND)) == ("True", "VariableTaken")
    assert [world.condition(each, ref(SECOND))[0] for each in ("ResourceReady", "Projected")] == ["True", "True"]
    said = next(each["message"] for each in world.status(ref(SECOND))["conditions"] if each["type"] == "Ready")
    assert f"ServiceBinding {FIRST}" in said
    assert "QUEUE_URL" in said
    await settle(world)  # from memory
    assert world.condition("Ready", ref(SECOND)) == ("False", "VariableTaken")


async def test_it_is_over_once_the_first_is_another_or_goes() -> None:
    world = await world_with(WORKLOAD | URL, WORKLOAD | URL)
    world.edit(lambda obj: obj["spec"]["inject"]["env"][0].update(name="FIRST_URL"), ref(FIRST))
    await settle(world)
    assert world.condition("Ready", ref(SECOND)) == ("True", "Bound")


@pytest.mark.parametrize(
    "first",
    [WORKLOAD, URL, {"workload": {"name": "billing"}} | URL],
    ids=["no variable", "no workload", "another workload"],
)
async def test_bindings_that_share_nothing_do_not_mind_each_other(first: dict[str, Any]) -> None:
    world = await world_with(first, WORKLOAD | URL)
    assert world.condition("Ready", ref(SECOND)) == ("True", "Bound")
