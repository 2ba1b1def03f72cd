"""What exists is taken over only as spec and policy say, and stays as it is but for what the spec sets."""

from tests.component.binding_world import (
    ACCOUNT,
    POLICY,
    QUEUE,
    REGION,
    BindingWorld,
    binding,
)

from trimtab.adapters.memory.cloud import arn_of

LEGACY = arn_of(ACCOUNT, REGION, "sqs/queue", "legacy-orders")


async def test_adoption_keeps_foreign_tags_and_changes_what_the_spec_says() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(adoptable=["arn:aws:sqs:*:*:legacy-*"]), POLICY)
    where = (ACCOUNT, REGION, "sqs/queue", "legacy-orders")
    world.aws.place(where, settings={"fifo": False, "visibilityTimeout": 5, "delay": 7}, tags={"team": "sales"})
    world.server.create(binding(**QUEUE, adopt=LEGACY))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    adopted = world.queue()
    assert (adopted.tags or {})["team"] == "sales"
    assert (adopted.settings["visibilityTimeout"], adopted.settings["delay"]) == (30, 7)
    assert world.status()["arn"] == LEGACY
    assert "Adopted" in world.events()
    assert "create" not in world.verbs()


async def test_a_key_that_the_spec_does_not_name_is_not_taken_from_what_is_adopted() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(adoptable=["arn:aws:sqs:*:*:legacy-*"]), POLICY)
    settings = {"fifo": False, "access": [], "encrypted": True, "kmsKeyID": "alias/theirs"}
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "legacy-orders"), settings=settings, tags={})
    world.server.create(binding(sqs={}, adopt=LEGACY))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().settings["kmsKeyID"] == "alias/theirs"
    assert "change" not in world.verbs()


async def test_what_nobody_may_adopt_is_not_looked_at() -> None:
    world = BindingWorld()
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "legacy-orders"), tags={})
    world.server.create(binding(**QUEUE, adopt=LEGACY))
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")
    assert LEGACY in world.message()
    assert world.cloud.looks == 0


async def test_what_does_not_exist_is_not_adopted_by_making_it() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(adoptable=["arn:aws:sqs:*:*:legacy-*"]), POLICY)
    world.server.create(binding(**QUEUE, adopt=LEGACY))
    await world.settle()
    assert world.condition("Ready") == ("False", "ResourceMissing")
    assert world.condition("Stalled") == ("True", "ResourceMissing")
    assert not world.aws.stored
