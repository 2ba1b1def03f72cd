"""Changes made elsewhere: put right, told of or left alone, and never a fight without end."""

from typing import Any

import pytest
from tests.component.binding_world import POLICY, QUEUE, SECRET, WITH_LETTERS, BindingWorld, binding, bound

from trimtab.domain.outcome import Done, Waiting
from trimtab.ports.cloud import CloudUnavailableError


def meddle(world: BindingWorld, **settings: Any) -> None:
    """Somebody changes the queue at the console; the next poll is due."""
    world.queue().settings.update(settings)
    world.clock.advance(600)


async def test_remediation_changes_back_and_tells_once() -> None:
    world = await bound()
    meddle(world, visibilityTimeout=99)
    await world.settle()
    assert world.queue().settings["visibilityTimeout"] == 30
    assert world.condition("Ready") == ("True", "Bound")
    assert world.events().count("DriftRemedied") == 1
    assert [(each["setting"], each["count"]) for each in world.status()["drift"]] == [("visibilityTimeout", 1)]
    world.clock.advance(600)
    await world.settle()
    assert world.verbs() == ["create", "change"]


async def test_what_the_spec_does_not_set_is_nobodys_business() -> None:
    world = await bound()
    meddle(world, delay=300, retention=60)
    before = world.cloud.writes
    await world.settle()
    assert world.cloud.writes == before
    assert world.queue().settings["delay"] == 300


async def test_a_report_names_field_wanted_and_found_and_changes_nothing() -> None:
    world = await bound(**QUEUE, drift="Report")
    meddle(world, visibilityTimeout=99)
    await world.settle()
    assert world.queue().settings["visibilityTimeout"] == 99
    assert world.condition("Drifted") == ("True", "Drifted")
    assert world.condition("Ready") == ("True", "Bound")
    assert "visibilityTimeout should be 30 and is 99" in world.message("Drifted")
    assert world.events().count("Drifted") == 1
    world.clock.advance(600)
    before = len(world.server.history)
    await world.settle()
    assert len(world.server.history) == before
    world.queue().settings["visibilityTimeout"] = 30
    world.clock.advance(600)
    await world.settle()
    assert world.condition("Drifted") == ("", "")
    assert "drift" not in world.status()


async def test_ignored_drift_is_not_even_told() -> None:
    world = await bound(**QUEUE, drift="Ignore")
    meddle(world, visibilityTimeout=99)
    before = len(world.server.history)
    await world.settle()
    assert world.queue().settings["visibilityTimeout"] == 99
    assert len(world.server.history) == before


@pytest.mark.parametrize("mode", ["Report", "Ignore"])
async def test_what_the_user_changes_is_an_update_in_every_mode(mode: str) -> None:
    world = await bound(**QUEUE, drift=mode)
    meddle(world, visibilityTimeout=99)
    await world.settle()
    world.edit(lambda obj: obj["spec"]["sqs"].update(retention="24h"))
    await world.settle()
    assert world.queue().settings["retention"] == 86400
    assert world.queue().settings["visibilityTimeout"] == 99, "it was not the user who changed that"
    world.edit(lambda obj: obj["spec"]["sqs"].update(visibilityTimeout="45s"))
    await world.settle()
    assert world.queue().settings["visibilityTimeout"] == 45


async def test_a_fight_ends_after_five_rounds_until_the_user_says_so() -> None:
    world = await bound()
    for number in range(9):
        meddle(world, visibilityTimeout=100 + number)
        await world.settle()
        world.clock.advance(-300)  # the meddler comes every five minutes, and a notification each time
        world.reconciler.noticed([world.queue().arn])
    assert world.verbs().count("change") == 5
    assert world.condition("Ready") == ("False", "DriftConflict")
    assert world.condition("Stalled") == ("True", "DriftConflict")
    assert world.events().count("DriftRemedied") == 1
    assert world.events().count("DriftConflict") == 1
    assert "trimtab.dev/reconcile" in world.message()
    world.clock.advance(7200)
    await world.settle()
    assert world.condition("Ready") == ("False", "DriftConflict"), "time alone ends no fight"
    world.annotate(reconcile="1")
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().settings["visibilityTimeout"] == 30


async def test_rare_drift_is_no_fight() -> None:
    world = await bound()
    for number in range(8):
        meddle(world, visibilityTimeout=100 + number)
        world.clock.advance(1200)
        await world.settle()
    assert world.verbs().count("change") == 8
    assert world.condition("Ready") == ("True", "Bound")


async def test_an_immutable_change_is_refused_and_nothing_is_replaced() -> None:
    world = await bound(**WITH_LETTERS)
    before = list(world.aws.history)
    world.edit(lambda obj: obj["spec"]["sqs"].update(fifo=True))
    await world.settle()
    assert world.condition("Ready") == ("False", "ImmutableChange")
    assert "new ServiceBinding" in world.message()
    assert world.condition("ResourceReady") == ("True", "Bound"), "what runs may go on"
    assert world.aws.history == before


async def test_a_deleted_resource_is_made_anew_with_a_warning() -> None:
    world = await bound()
    world.aws.stored.clear()
    world.clock.advance(600)
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.verbs() == ["create", "create"]
    assert world.events().count("ResourceMissing") == 1


@pytest.mark.parametrize("mode", ["Report", "Ignore"])
async def test_a_deleted_resource_is_only_reported_if_so_asked(mode: str) -> None:
    world = await bound(**QUEUE, drift=mode)
    world.aws.stored.clear()
    world.clock.advance(600)
    await world.settle()
    assert world.condition("Ready") == ("False", "ResourceMissing")
    assert world.condition("ResourceReady")[0] == "False"
    assert world.verbs() == ["create"]


async def test_the_poll_is_due_only_after_a_while_and_a_notification_or_nonce_comes_first() -> None:
    world = await bound()
    looks = world.cloud.looks
    world.clock.advance(400)
    assert await world.reconcile() == Done()
    assert world.cloud.looks == looks
    assert world.reconciler.noticed(["arn:aws:sqs:eu-central-1:123456789012:another"]) == frozenset()
    assert len(world.reconciler.noticed([world.queue().arn])) == 1
    await world.reconcile()
    assert world.cloud.looks == looks + 1
    world.annotate(reconcile="now")
    await world.reconcile()
    assert world.cloud.looks == looks + 2
    assert world.status()["reconcile"] == "now"
    world.clock.advance(460)
    await world.reconcile()
    assert world.cloud.looks == looks + 3


async def test_a_secret_that_somebody_changed_is_put_right_at_the_next_poll() -> None:
    world = await bound()
    good = (world.secret() or {})["data"]
    world.server.edit(SECRET, lambda obj: obj["data"].update({"queue-url": "ZXZpbA=="}))
    world.clock.advance(600)
    await world.settle()
    assert (world.secret() or {})["data"] == good


async def test_a_change_that_shows_late_is_sent_once() -> None:
    world = await bound()
    world.aws.stale = 40
    world.edit(lambda obj: obj["spec"]["sqs"].update(visibilityTimeout="60s"))
    await world.settle()
    assert world.verbs() == ["create", "change"]
    assert world.condition("Ready") == ("True", "Bound")


@pytest.mark.parametrize("mode", ["Remediate", "Report", "Ignore"])
async def test_an_update_that_never_takes_is_given_up(mode: str) -> None:
    world = await bound(**QUEUE, drift=mode)

    def undone(_: str, __: object) -> None:
        world.queue().settings["visibilityTimeout"] = 30

    world.cloud.refusing = undone
    world.edit(lambda obj: obj["spec"]["sqs"].update(visibilityTimeout="60s"))
    await world.settle()
    assert world.condition("Ready") == ("False", "DriftConflict")
    assert world.verbs().count("change") <= 6
    world.cloud.refusing = lambda verb, resource: None
    world.annotate(reconcile="1")
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().settings["visibilityTimeout"] == 60


@pytest.mark.parametrize("elsewhere", [False, True], ids=["update", "drift"])
async def test_a_write_that_aws_refuses_is_no_round_of_a_fight(elsewhere: bool) -> None:
    world = await bound()
    if elsewhere:
        meddle(world, visibilityTimeout=60)
    else:
        world.edit(lambda obj: obj["spec"]["sqs"].update(visibilityTimeout="60s"))
    away = CloudUnavailableError("503")
    world.cloud.refusing = lambda verb, resource: away if verb == "change" else None
    for _ in range(12):
        outcome = await world.reconcile()
        assert isinstance(outcome, Waiting)
        assert world.status()["waitingFor"][0]["reason"] == "CloudUnavailable"
        world.clock.advance(outcome.after)
    assert all(each["count"] == 0 for each in world.status().get("drift", ()))
    world.cloud.refusing = lambda verb, resource: None
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.queue().settings["visibilityTimeout"] == (30 if elsewhere else 60)


def table(stream: str | None = "NewImage") -> dict[str, Any]:
    return {"partitionKey": {"name": "order", "type": "S"}, **({"stream": stream} if stream else {})}


async def streaming() -> BindingWorld:
    """A table with a stream."""
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(services=["dynamodb"]), POLICY)
    world.server.create(binding(dynamodb=table()))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), world.status()
    return world


def stream_of(world: BindingWorld) -> Any:
    (only,) = world.aws.of("dynamodb/table").values()
    return only.settings["stream"]


async def test_another_kind_of_stream_would_be_another_stream_and_is_refused_until_the_first_is_taken_out() -> None:
    world = await streaming()
    world.edit(lambda obj: obj["spec"].update(dynamodb=table("KeysOnly")))
    await world.settle()
    assert world.condition("Ready") == ("False", "ImmutableChange")
    assert "take it out" in world.message()
    assert stream_of(world) == "NewImage"
    for stream in (None, "KeysOnly"):
        world.edit(lambda obj, stream=stream: obj["spec"].update(dynamodb=table(stream)))
        await world.settle()
        assert world.condition("Ready") == ("True", "Bound")
        assert stream_of(world) == stream


async def test_a_stream_of_another_kind_that_somebody_made_is_not_replaced() -> None:
    world = await streaming()
    (only,) = world.aws.of("dynamodb/table").values()
    only.settings["stream"] = "KeysOnly"
    world.clock.advance(600)
    await world.settle()
    assert stream_of(world) == "KeysOnly"
    assert world.condition("Ready") == ("False", "ImmutableChange")
