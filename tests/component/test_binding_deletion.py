"""What becomes of resources when bindings, namespaces or the CRD go: no data is lost unasked, nothing gets stuck."""

from typing import Any

import pytest
from tests.component.binding_world import (
    ACCOUNT,
    BINDING,
    NAMESPACE,
    POLICY,
    QUEUE,
    REGION,
    SECRET,
    WITH_LETTERS,
    BindingWorld,
    binding,
    bound,
)

from trimtab.adapters.memory.cloud import arn_of
from trimtab.adapters.memory.cluster import Crash, Fault
from trimtab.domain.objects import ObjectRef, ref_of
from trimtab.domain.outcome import Done
from trimtab.ports.cloud import CloudDeniedError


def gone(world: BindingWorld) -> bool:
    return world.server.get(BINDING) is None


async def deleted(world: BindingWorld) -> None:
    world.delete()
    await world.settle()
    assert gone(world)


@pytest.mark.parametrize(
    ("spec", "full", "left"),
    [
        ({}, False, 0),
        ({}, True, 1),
        ({"deletionPolicy": "Delete"}, True, 0),
        ({"deletionPolicy": "Retain"}, False, 1),
        ({"deletionPolicy": "Delete", "deletionProtection": True}, False, 1),
    ],
    ids=["empty by default", "with messages by default", "Delete", "Retain", "protected"],
)
async def test_what_is_deleted_is_what_was_declared(spec: dict[str, Any], full: bool, left: int) -> None:
    world = await bound(**QUEUE, **spec)
    drained = set(world.queues()) if full else set()
    world.aws.holding = drained
    await deleted(world)
    assert len(world.queues()) == left


async def test_a_bucket_that_is_not_empty_is_waited_for_and_never_emptied() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.aws.full = set(world.queues())
    world.delete()
    for _ in range(5):
        await world.reconcile()
        world.clock.advance(60)
    assert world.condition("Ready") == ("False", "NotEmpty")
    assert not gone(world)
    world.aws.full.clear()
    await world.settle()
    assert gone(world)
    assert not world.queues()


@pytest.mark.parametrize("policy", [None, "Delete"])
async def test_a_namespace_that_ends_takes_no_data_along(policy: str | None) -> None:
    world = await bound(**WITH_LETTERS, **({"deletionPolicy": policy} if policy else {}))
    ends = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.server.edit(NAMESPACE, lambda obj: obj["metadata"].update(ends))
    await deleted(world)
    assert len(world.queues()) == 2
    assert all("trimtab.dev/retained" in (each.tags or {}) for each in world.queues().values())


async def test_a_binding_that_was_deleted_before_its_namespace_was_meant_to_go() -> None:
    world = await bound()
    ends = {"deletionTimestamp": "2026-01-01T00:01:01Z"}
    world.delete()
    world.server.edit(NAMESPACE, lambda obj: obj["metadata"].update(ends))
    await world.settle()
    assert not world.queues()


async def test_a_crd_that_ends_takes_no_data_along() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.server.ending["ServiceBinding"] = True
    await deleted(world)
    assert len(world.queues()) == 1
    assert (world.secret() or {})["metadata"].get("ownerReferences") in (None, [])


async def test_nothing_is_made_in_a_namespace_that_ends() -> None:
    world = BindingWorld()
    ends = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.server.edit(NAMESPACE, lambda obj: obj["metadata"].update(ends))
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("False", "NamespaceTerminating")
    assert (world.cloud.looks, world.cloud.writes) == (0, 0)
    assert not world.server.get(BINDING)["metadata"].get("finalizers")  # type: ignore[index]


async def test_a_right_that_is_missing_holds_no_namespace_up() -> None:
    world = await bound(**QUEUE)
    ends = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.server.edit(NAMESPACE, lambda obj: obj["metadata"].update(ends))
    denied = CloudDeniedError("not allowed", action="sqs:TagQueue")
    world.cloud.refusing = lambda verb, resource: denied if verb == "tag" else None
    world.delete()
    await world.settle()
    assert gone(world)
    assert len(world.queues()) == 1
    assert "ResourceRetained" in world.events()


async def test_a_secret_that_is_in_use_keeps_everything_until_it_is_not() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    pod = {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": SECRET.name}}]}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {"replicas": 2, "template": {"spec": pod}},
    }
    world.server.create(deployment)
    world.delete()
    await world.reconcile()
    assert world.condition("Ready") == ("False", "InUse")
    assert "Deployment orders: still uses this binding" in world.message()
    assert world.status()["waitingFor"][0]["name"] == "orders"
    assert len(world.queues()) == 1
    assert world.secret() is not None
    world.server.edit(ref_of(deployment), lambda obj: obj["spec"].update(replicas=0))
    await world.settle()
    assert gone(world)
    assert not world.queues()


async def test_without_a_policy_a_deletion_says_what_it_needs() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.delete(POLICY)
    world.delete()
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert not gone(world)
    world.edit(lambda obj: obj["spec"].update(deletionPolicy="Retain"))
    await world.settle()
    assert gone(world)
    assert len(world.queues()) == 1


async def test_a_deletion_right_after_the_creation_leaves_no_orphan() -> None:
    world = BindingWorld()
    world.aws.unseen = 20
    world.server.create(binding())
    world.start(away=Fault(kind="after", at=1))
    with pytest.raises(Crash):
        await world.reconcile()
    world.delete()
    world.start()
    await world.settle()
    assert gone(world)
    assert not world.aws.stored


async def test_a_binding_that_was_never_allowed_goes_at_once() -> None:
    world = BindingWorld()
    world.delete(POLICY)
    world.server.create(binding())
    await world.settle()
    world.delete()
    assert gone(world)
    assert await world.reconcile() == Done()


async def test_what_leaves_the_spec_is_deleted_only_if_it_may() -> None:
    world = await bound(**WITH_LETTERS)
    letters = next(name for name in world.queues() if "letter" in name)
    world.aws.holding = {letters}
    world.edit(lambda obj: obj["spec"]["sqs"].pop("deadLetter"))
    await world.settle()
    assert "trimtab.dev/retained" in (world.queues()[letters].tags or {})
    assert [each["key"] for each in world.status()["resources"]] == ["queue"]
    queue = next(each for name, each in world.queues().items() if name != letters)
    assert queue.settings["deadLetter"] is None


async def test_the_restored_data_secret_is_taken_back() -> None:
    world = await bound(**QUEUE, deletionPolicy="Retain")
    await deleted(world)
    assert world.secret() is not None
    world.server.create(binding(**QUEUE, deletionPolicy="Retain"))
    await world.settle()
    owners = (world.secret() or {})["metadata"]["ownerReferences"]
    assert [owner["name"] for owner in owners] == ["orders-in"]
    assert world.verbs().count("create") == 1


async def test_who_hands_over_and_deletes_in_one_breath_destroys_nothing() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete")
    world.annotate(transfer_to="22222222-0000-4000-8000-000000000002")
    await deleted(world)
    assert len(world.queues()) == 2
    assert {(each.tags or {})["trimtab.dev/transfer-to"] for each in world.queues().values()} == {
        "22222222-0000-4000-8000-000000000002"
    }


async def test_a_finalizer_that_somebody_took_away_comes_back() -> None:
    world = await bound()
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.clock.advance(600)
    await world.settle()
    assert world.server.get(BINDING)["metadata"]["finalizers"] == ["trimtab.dev/binding"]  # type: ignore[index]


async def test_one_look_proves_no_emptiness() -> None:
    world = await bound()
    world.delete()
    await world.reconcile()
    assert len(world.queues()) == 1
    assert world.condition("Ready") == ("False", "Deleting")
    world.aws.holding = set(world.queues())
    world.clock.advance(61)
    await world.settle()
    assert gone(world)
    assert "trimtab.dev/retained" in (world.queue().tags or {})


async def test_what_was_adopted_stays_unless_somebody_says_delete() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(adoptable=["arn:aws:sqs:*:*:legacy-*"]), POLICY)
    where = (ACCOUNT, REGION, "sqs/queue", "legacy-orders")
    world.aws.place(where, settings={"fifo": False}, tags={}).empty = True
    world.server.create(binding(**QUEUE, adopt=arn_of(*where)))
    await world.settle()
    assert world.status()["deletionPolicy"] == "Retain"
    world.edit(lambda obj: obj["spec"].pop("adopt"))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), "what was taken over stays taken over"
    await deleted(world)
    assert len(world.queues()) == 1


async def test_a_status_that_somebody_forged_destroys_nothing() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    victim = (ACCOUNT, REGION, "sqs/queue", "shop-bank-payments")
    world.aws.place(victim, tags={"trimtab.dev/cluster": world.id, "trimtab.dev/uid": "bank"})
    part = (ACCOUNT, REGION, "sns/subscription", world.status()["resources"][0]["name"])
    world.aws.place(part, tags={}).tags = None
    forged = [
        {"key": "x", "kind": "sqs/queue", "name": "shop-bank-payments", "parent": "queue"},
        {"key": "y", "kind": "sqs/queue", "name": "shop-bank-payments"},
        {"key": "z", "kind": "sns/subscription", "name": part[3], "parent": "queue"},
    ]
    world.edit(lambda obj: obj["status"]["resources"].extend(forged))
    world.start()
    await world.settle()
    await deleted(world)
    assert [where[3] for where in world.aws.stored if where[2] == "sqs/queue"] == ["shop-bank-payments"]
    assert part in world.aws.stored


async def test_a_queue_that_a_topic_delivers_to_is_in_use() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.server.create(binding("events", sns={"subscriptions": [{"binding": "orders-in"}]}))
    world.delete()
    await world.reconcile()
    assert world.condition("Ready") == ("False", "InUse")
    assert "ServiceBinding events: still uses this binding" in world.message()
    world.delete(ObjectRef(api_version=BINDING.api_version, kind=BINDING.kind, namespace="shop", name="events"))
    await world.settle()
    assert gone(world)


async def test_what_leaves_a_protected_spec_stays() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete", deletionProtection=True)
    world.edit(lambda obj: obj["spec"]["sqs"].pop("deadLetter"))
    await world.settle()
    assert len(world.queues()) == 2


async def test_messages_of_a_queue_that_leaves_the_spec_are_kept_whatever_the_policy() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete")
    world.aws.holding = set(world.queues())
    world.edit(lambda obj: obj["spec"]["sqs"].pop("deadLetter"))
    await world.settle()
    assert len(world.queues()) == 2


async def test_one_look_at_a_queue_that_leaves_the_spec_proves_no_emptiness_whatever_the_policy() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete")
    letters = next(name for name in world.queues() if "letter" in name)
    world.edit(lambda obj: obj["spec"]["sqs"].pop("deadLetter"))
    await world.reconcile()
    world.aws.holding = {letters}  # AWS's counts are some seconds behind
    await world.settle()
    assert letters in world.queues()


async def test_who_is_deleted_before_it_took_its_resources_up_again_leaves_no_orphan() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.delete()
    world.server.create(binding(**QUEUE, deletionPolicy="Delete"))
    world.edit(lambda obj: obj["metadata"].update(finalizers=["trimtab.dev/binding"]))
    world.delete()
    await world.settle()
    assert gone(world)
    assert not world.queues()
