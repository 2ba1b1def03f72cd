"""What the status recorded outlives its loss, rules, policies and processes that lag behind (faults.md S7)."""

from typing import Any

import pytest
from tests.component.binding_world import (
    BINDING,
    KEY,
    POLICY,
    QUEUE,
    REGION,
    WITH_LETTERS,
    BindingWorld,
    binding,
    binding_policy,
    bound,
)
from tests.component.world import microservice

from trimtab.ports.cloud import CloudThrottledError
from trimtab.ports.cluster import ClusterError, ConflictError
from trimtab.reconcilers.run import Run


async def test_a_lost_status_is_found_again_without_a_write() -> None:
    world = await bound(**WITH_LETTERS)
    before = world.status()
    world.edit(lambda obj: obj.pop("status"))
    world.start()
    await world.settle()
    after = world.status()
    assert world.cloud.writes == 0
    assert [each["arn"] for each in after["resources"]] == [each["arn"] for each in before["resources"]]
    assert world.condition("Ready") == ("True", "Bound")


async def test_an_object_that_was_restored_with_another_uid_takes_its_resources_up_again() -> None:
    world = await bound(**WITH_LETTERS)
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.delete()
    world.server.create(binding(**WITH_LETTERS))
    world.start()
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.verbs().count("create") == 3
    assert "Reattached" in world.events()
    uid = world.server.get(BINDING)["metadata"]["uid"]  # type: ignore[index]
    assert {each.tags["trimtab.dev/uid"] for each in world.queues().values() if each.tags} == {uid}


async def test_a_recorded_name_outlives_the_rule_that_made_it() -> None:
    world = await bound()
    arn = world.queue().arn
    world.edit(lambda obj: obj["spec"].update(namePrefix="other-"), POLICY)
    world.start()
    await world.reconcile()
    assert world.condition("Ready") == ("False", "CloudDenied"), "the name is not the policy's any more"
    world.edit(lambda obj: obj["spec"].update(namePrefix="shop-"), POLICY)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().arn == arn


async def test_another_account_in_the_policy_makes_nothing_twice() -> None:
    world = await bound()
    world.edit(lambda obj: obj["spec"].update(roleARN="arn:aws:iam::999999999999:role/shop"), POLICY)
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert "999999999999" in world.message()
    assert world.condition("ResourceReady") == ("True", "Bound")
    assert world.verbs() == ["create"]


async def test_the_region_of_what_exists_stays_when_the_policy_puts_another_first() -> None:
    world = await bound()
    world.edit(lambda obj: obj["spec"].update(regions=["us-east-1", REGION]), POLICY)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert len(world.aws.stored) == 1


async def test_a_process_that_lags_behind_makes_and_destroys_nothing() -> None:
    world = await bound()
    lagging, behind = world.reconciler, world.cluster
    behind.stale = True
    world.start()
    world.delete()
    await world.settle()
    assert not world.queues()
    world.clock.advance(600)
    with pytest.raises(ClusterError):
        await lagging.reconcile(Run(KEY))
    assert not world.queues(), "made for a binding that is no more, it would be an orphan"


async def test_a_deletion_that_was_not_meant_so_any_more_is_not_begun() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.delete()
    world.cluster.stale = True
    world.edit(lambda obj: obj["spec"].update(deletionPolicy="Retain"))
    with pytest.raises(ConflictError):
        await world.reconcile()
    assert len(world.queues()) == 1
    world.start()
    await world.settle()
    assert len(world.queues()) == 1


async def test_what_a_lost_status_knew_and_the_spec_does_not_is_found_by_its_tags() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete")
    world.edit(lambda obj: (obj.pop("status"), obj["spec"]["sqs"].pop("deadLetter")))
    world.start()
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert [each["key"] for each in world.status()["resources"]] == ["queue"]
    assert len(world.queues()) == 1


async def test_a_search_that_fails_is_no_proof_that_there_is_nothing() -> None:
    world = await bound(**WITH_LETTERS, deletionPolicy="Delete")
    world.edit(lambda obj: obj.pop("status"))
    world.delete()
    world.start()
    world.cloud.failing = [CloudThrottledError("slow down")]
    await world.reconcile()
    assert world.condition("Ready") == ("False", "Throttled")
    assert len(world.queues()) == 2
    await world.settle()
    assert world.server.get(BINDING) is None
    assert not world.aws.stored


async def test_a_new_policy_does_not_take_over_what_another_permits() -> None:
    world = await bound()
    world.server.create(binding_policy("aaa", namePrefix="first-"))
    world.clock.advance(600)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.status()["policy"] == "shops"


WORKLOAD: dict[str, Any] = {"workload": {"name": "orders"}}


def permissive() -> BindingWorld:
    """A world with the workload, and a policy that leaves it to the service what it cannot do."""
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(deletionPolicies=["Retain", "Delete", "Snapshot"]), POLICY)
    world.server.create(microservice())
    return world


def allowed(world: BindingWorld) -> int:
    """How many statements the role of the workload is to have for it; -1: nothing was heard of it."""
    known = world.board.contributions("shop", "orders").get("orders-in")
    return len(known.statements) if known is not None else -1


@pytest.mark.parametrize("anew", [False, True], ids=["same process", "restarted"])
async def test_a_spec_that_cannot_be_kept_takes_no_rights_from_running_pods(anew: bool) -> None:
    world = permissive()
    world.server.create(binding(**QUEUE, **WORKLOAD))
    await world.settle()
    before = allowed(world)
    assert before > 0
    world.edit(lambda obj: obj["spec"].update(deletionPolicy="Snapshot"))
    if anew:
        world.start()
    await world.settle()
    assert world.condition("Ready") == ("False", "InvalidSpec")
    assert world.condition("ResourceReady") == ("True", "Bound")
    assert allowed(world) == (-1 if anew else before)
    world.edit(lambda obj: obj["spec"].pop("deletionPolicy"))
    await world.settle()
    assert allowed(world) == before


async def test_a_binding_that_was_never_whole_is_heard_of_all_the_same() -> None:
    world = permissive()
    world.server.create(binding(**QUEUE, **WORKLOAD, deletionPolicy="Snapshot"))
    await world.settle()
    assert allowed(world) == 0


@pytest.mark.parametrize("doubt", [False, True], ids=["a moment", "not to be understood"])
async def test_a_denial_of_a_moment_takes_no_rights_away(doubt: bool) -> None:
    world = await bound()
    withdrawn: list[str] = []
    world.board.withdraw = lambda namespace, binding: withdrawn.append(binding)  # type: ignore[method-assign]
    if doubt:
        world.edit(lambda obj: obj["spec"].update(unknownField="of a newer version"), POLICY)
    else:
        world.delete(POLICY)
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert not withdrawn
    world.clock.advance(700)
    await world.settle()
    assert withdrawn == ([] if doubt else ["orders-in"])


async def test_a_lost_status_while_no_policy_permits_a_look_leaves_no_orphan() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj.pop("status"))
    world.start()
    world.delete(POLICY)
    world.delete()
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    world.server.create(binding_policy())
    await world.settle()
    assert world.server.get(BINDING) is None
    assert not world.queues()
