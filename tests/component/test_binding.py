"""The reconciler of ServiceBindings on AWS and a cluster in memory."""

import base64

from tests.component.binding_world import BINDING, POLICY, QUEUE, WITH_LETTERS, BindingWorld, binding, bound

from trimtab.domain.outcome import Done


async def test_a_queue_is_made_and_told_to_the_workload() -> None:
    world = await bound()
    status = world.status()
    assert status["arn"] == world.queue().arn
    assert status["binding"]["name"] == "orders-in-binding"
    secret = world.secret()
    assert secret is not None
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    assert (data["type"], data["provider"], data["arn"]) == ("sqs", "aws", world.queue().arn)
    assert secret["type"] == "servicebinding.io/sqs"
    assert world.verbs() == ["create"]
    assert world.events() == ["ResourceCreated", "Bound"]


async def test_a_second_run_writes_nothing_and_asks_nobody() -> None:
    world = await bound(**WITH_LETTERS)
    before = world.cluster.requests, world.cloud.looks, world.cloud.writes
    assert await world.reconcile() == Done()
    assert (world.cluster.requests, world.cloud.looks, world.cloud.writes) == before


async def test_a_new_process_writes_nothing() -> None:
    world = await bound(**WITH_LETTERS)
    world.start()
    await world.settle()
    assert (world.cluster.writes, world.cloud.writes) == (0, 0)
    assert world.cloud.looks == 3


async def test_deletion_takes_an_empty_queue_along() -> None:
    world = await bound()
    world.aws.deleting = 60
    world.delete()
    await world.settle()
    assert world.server.get(BINDING) is None
    assert not world.queues()
    assert world.secret() is None


async def test_a_queue_with_messages_is_kept_and_taken_up_again() -> None:
    world = await bound()
    world.aws.holding = set(world.queues())
    arn = world.queue().arn
    world.delete()
    await world.settle()
    assert world.server.get(BINDING) is None
    assert "trimtab.dev/retained" in (world.queue().tags or {})
    secret = world.secret()
    assert secret is not None
    assert not secret["metadata"].get("ownerReferences")
    world.server.create(binding(**QUEUE))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().arn == arn
    assert world.verbs().count("create") == 1
    assert "trimtab.dev/retained" not in (world.queue().tags or {})


async def test_without_a_policy_nothing_is_called() -> None:
    world = BindingWorld()
    world.delete(POLICY)
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert (world.cloud.looks, world.cloud.writes) == (0, 0)
    assert "shop" in world.message()
