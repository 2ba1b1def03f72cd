"""Bindings that deliver to others: what the others ask for has to fit."""

from typing import Any

import pytest
from tests.component.binding_world import POLICY, BindingWorld, binding

from trimtab.domain.objects import ObjectRef
from trimtab.reconcilers.queue import Key

TABLE = {"dynamodb": {"partitionKey": {"name": "id", "type": "S"}}}
BUCKET: dict[str, Any] = {"s3": {}}
QUEUE: dict[str, Any] = {"sqs": {}}
KEYS = tuple(Key("ServiceBinding", "shop", name) for name in ("other", "lost", "orders-in"))


def world_with(**others: dict[str, Any]) -> BindingWorld:
    """A topic that delivers to `other`, and what it cannot deliver to `lost`."""
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(services=["sns", "sqs", "dynamodb", "s3"]), POLICY)
    for name, spec in others.items():
        world.server.create(binding(name, **spec))
    world.server.create(binding(sns={"subscriptions": [{"binding": "other", "deadLetter": "lost"}]}))
    return world


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"other": TABLE, "lost": QUEUE}, "spec.sns.subscriptions[0].binding: other is of dynamodb"),
        ({"other": BUCKET, "lost": QUEUE}, "spec.sns.subscriptions[0].binding: other is of s3"),
        ({"other": QUEUE, "lost": TABLE}, "spec.sns.subscriptions[0].deadLetter: lost is of dynamodb"),
    ],
)
async def test_a_target_that_does_not_fit_is_refused_by_its_field_before_anything_is_made(
    others: dict[str, Any], field: str
) -> None:
    world = world_with(**others)
    await world.settle(*KEYS)
    assert world.condition("Ready") == ("False", "InvalidSpec")
    assert field in world.message()
    assert world.aws.of("sns/topic") == {}


async def test_a_target_is_refused_as_long_as_it_does_not_fit() -> None:
    world = world_with(other=QUEUE, lost=TABLE)
    await world.settle(*KEYS)
    lost = ObjectRef(api_version="trimtab.dev/v1alpha1", kind="ServiceBinding", namespace="shop", name="lost")
    world.edit(lambda obj: (obj["spec"].pop("dynamodb"), obj["spec"].update(QUEUE), obj.pop("status")), lost)
    await world.settle(*KEYS)
    assert world.condition("Ready") == ("True", "Bound"), world.message()
