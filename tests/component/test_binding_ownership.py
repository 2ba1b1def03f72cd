"""Nothing is taken that is another's, and nothing lost that is ours (faults.md S7, S8)."""

import pytest
from tests.component.binding_world import (
    ACCOUNT,
    BINDING,
    REGION,
    SECRET,
    WITH_LETTERS,
    BindingWorld,
    binding,
    bound,
)

from trimtab.adapters.memory.cloud import arn_of
from trimtab.ports.cloud import CloudExistsError, CloudThrottledError

OTHER = "22222222-0000-4000-8000-000000000002"


async def name_of_queue() -> str:
    return str((await bound()).status()["resources"][0]["name"])


def let_take_meanwhile(world: BindingWorld, name: str) -> None:
    """Somebody else makes the queue just before the operator would."""

    def taken(verb: str, resource: object) -> CloudExistsError | None:
        if verb == "create" and not world.aws.stored:
            world.aws.place((ACCOUNT, REGION, "sqs/queue", name), tags={})
        return None

    world.cloud.refusing = taken


def refuse_a_look(world: BindingWorld) -> None:
    """AWS answers the first one late, so that a report comes before what it reports."""
    left = [CloudThrottledError("slow down")]
    world.cloud.refusing = lambda verb, _: left.pop() if verb == "look" and left else None


async def test_a_queue_of_somebody_else_is_refused_and_never_touched() -> None:
    name = await name_of_queue()
    world = BindingWorld()
    world.aws.place((ACCOUNT, REGION, "sqs/queue", name), settings={"visibilityTimeout": 99}, tags={"team": "other"})
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("False", "NotOurs")
    assert world.condition("Stalled") == ("True", "NotOurs")
    assert world.status()["resources"][0]["state"] == "NotOurs", "it is there, but somebody else's"
    assert f"spec.adopt: {arn_of(ACCOUNT, REGION, 'sqs/queue', name)}" in world.message()
    world.delete()
    await world.settle()
    assert world.server.get(BINDING) is None
    assert world.aws.history == []
    assert world.queue().tags == {"team": "other"}


async def test_a_resource_may_be_taken_between_the_look_and_the_creation() -> None:
    name = await name_of_queue()
    world = BindingWorld()
    world.server.create(binding())
    let_take_meanwhile(world, name)
    await world.settle()
    assert world.condition("Ready") == ("False", "NotOurs")
    assert world.queue().tags == {}
    assert world.aws.history == []


async def test_the_same_manifest_on_two_clusters_shares_nothing() -> None:
    world = await bound(**WITH_LETTERS)
    before = list(world.aws.history)
    there = BindingWorld(cluster=OTHER, aws=world.aws, clock=world.clock)
    there.server.create(binding(**WITH_LETTERS))
    await there.settle()
    assert there.condition("Ready") == ("False", "NotOurs")
    assert "shop/orders-in" in there.message()
    assert world.id in there.message()
    assert world.aws.history == before
    there.delete()
    await there.settle()
    assert there.server.get(BINDING) is None
    assert world.aws.history == before


async def test_a_hand_over_is_taken_only_by_the_cluster_that_is_named() -> None:
    world = await bound()
    world.annotate(transfer_to=OTHER)
    await world.settle()
    assert world.condition("Ready") == ("False", "HandedOver")
    third = BindingWorld(cluster="33333333-0000-4000-8000-000000000003", aws=world.aws, clock=world.clock)
    third.server.create(binding())
    await third.settle()
    assert third.condition("Ready") == ("False", "NotOurs")
    there = BindingWorld(cluster=OTHER, aws=world.aws, clock=world.clock)
    there.server.create(binding())
    await there.settle()
    assert there.condition("Ready") == ("True", "Bound")
    world.delete()
    await world.settle()
    assert world.server.get(BINDING) is None
    assert len(world.queues()) == 1
    assert world.verbs().count("create") == 1


async def test_a_hand_over_can_be_taken_back() -> None:
    world = await bound()
    world.annotate(transfer_to=OTHER)
    await world.settle()
    world.edit(lambda obj: obj["metadata"]["annotations"].clear())
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert "trimtab.dev/transfer-to" not in (world.queue().tags or {})


async def test_a_secret_of_somebody_else_is_not_overwritten() -> None:
    world = BindingWorld()
    metadata = {"name": SECRET.name, "namespace": "shop"}
    world.server.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"key": "dmFsdWU="}})
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("False", "NameConflict")
    assert world.condition("ResourceReady") == ("True", "Bound")
    assert (world.secret() or {})["data"] == {"key": "dmFsdWU="}


@pytest.mark.parametrize("lost", [(), ("finalizers",), ("finalizers", "status")])
async def test_a_binding_restored_from_a_backup_finds_its_resource_again(lost: tuple[str, ...]) -> None:
    world = await bound(**WITH_LETTERS)
    saved, before = {**(world.server.get(BINDING) or {})}, world.verbs().count("create")
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.delete()
    if "finalizers" in lost:
        saved["metadata"].pop("finalizers")
    if "status" in lost:
        saved.pop("status")
    world.server.create(saved)
    refuse_a_look(world)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), world.message()
    assert world.verbs().count("create") == before
    uid = (world.server.get(BINDING) or {})["metadata"]["uid"]
    assert uid != saved["metadata"]["uid"]
    assert {(each.tags or {})["trimtab.dev/uid"] for each in world.queues().values()} == {uid}
    assert {each["owner"] for each in world.status()["resources"] if "parent" not in each} == {uid}


async def test_a_secret_left_of_a_binding_of_the_same_name_is_taken_over() -> None:
    world = await bound()
    left = world.secret() or {}
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.delete()
    if world.secret() is None:  # a real garbage collector takes its time
        world.server.create(left)
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), world.message()
    (owner,) = (world.secret() or {})["metadata"]["ownerReferences"]
    assert owner["uid"] == (world.server.get(BINDING) or {})["metadata"]["uid"]
    assert owner["uid"] != left["metadata"]["ownerReferences"][0]["uid"]


async def test_no_cluster_id_no_call() -> None:
    world = BindingWorld(cluster="")
    world.server.create(binding())
    await world.reconcile()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert "TRIMTAB_CLUSTER_ID" in world.message()
    assert world.cloud.looks == 0


async def test_two_clusters_with_one_id_do_not_fight() -> None:
    world = await bound()
    twin = BindingWorld(aws=world.aws, clock=world.clock)
    twin.server.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "shop"}})
    twin.server.create(binding())  # of another UID than there
    await twin.settle()
    for _ in range(4):
        world.clock.advance(600)
        await world.settle()
        await twin.settle()
    assert world.verbs().count("tag") <= 1
    assert world.condition("Ready") == ("False", "NotOurs")
    assert "TRIMTAB_CLUSTER_ID" in world.message()


async def test_an_answer_that_something_exists_makes_nothing_ours_later() -> None:
    """S3 tells so of a bucket of our account; what is found untagged after that is somebody else's."""
    world = BindingWorld()
    name = await name_of_queue()
    world.server.create(binding())
    let_take_meanwhile(world, name)
    await world.settle()
    assert "intent" not in world.status()["resources"][0]
    world.clock.advance(600)
    world.start()
    await world.settle()
    assert world.condition("Ready") == ("False", "NotOurs")
