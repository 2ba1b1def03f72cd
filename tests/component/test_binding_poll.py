"""The periodic poll: one reading of all tags spares questions, and is never a reason to write anything."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from tests.component.binding_world import QUEUE, WITH_LETTERS, BindingWorld, binding, bound

from trimtab.domain.binding.ownership import UID
from trimtab.domain.outcome import Done
from trimtab.ports.cloud import (
    CircuitOpenError,
    CloudDeniedError,
    CloudError,
    CloudThrottledError,
    CloudUnavailableError,
)
from trimtab.reconcilers.queue import Key

POLL = 600
SECOND = Key("ServiceBinding", "shop", "orders-out")
FOREIGN = {"team": "other"}
FAILURES = [
    CloudThrottledError("too fast"),
    CloudUnavailableError("an answer that was cut short"),
    CircuitOpenError("not sent"),
    CloudDeniedError("not authorized", action="tag:GetResources"),
]


class Count:
    """Calls since it was made: looks, those of them that were spared a part, and readings of all tags."""

    def __init__(self, world: BindingWorld) -> None:
        self._cloud = world.cloud
        self._began = self._now()

    def _now(self) -> tuple[int, int, int]:
        return self._cloud.looks, self._cloud.spared, self._cloud.lists

    @property
    def calls(self) -> tuple[int, int, int]:
        return tuple(now - then for now, then in zip(self._now(), self._began, strict=True))  # type: ignore[return-value]


async def due(**spec: Any) -> BindingWorld:
    """A world with a binding that is ready and due for the poll."""
    world = await bound(**spec)
    world.clock.advance(POLL)
    return world


def watch_writes(world: BindingWorld) -> list[int]:
    """For each write from now on, how many direct looks came before it."""
    before, seen = Count(world), list[int]()

    def note(verb: str, _: object) -> None:
        looks, spared, _lists = before.calls
        if verb != "look":
            seen.append(looks - spared)

    world.cloud.refusing = note
    return seen


async def test_a_settled_binding_is_asked_for_its_settings_only() -> None:
    world = await due(**WITH_LETTERS)
    written, count = (len(world.server.history), len(world.aws.history)), Count(world)
    assert await world.reconcile() == Done()
    assert count.calls == (3, 3, 1)
    assert (len(world.server.history), len(world.aws.history)) == written


async def test_one_reading_serves_all_bindings_until_it_is_old() -> None:
    world = await bound()
    world.server.create(binding(SECOND.name))
    await world.settle(SECOND)
    world.clock.advance(POLL)
    count = Count(world)
    await world.reconcile()
    world.clock.advance(60)
    await world.reconcile(SECOND)
    assert count.calls == (2, 2, 1)
    world.clock.advance(POLL)
    await world.reconcile()
    assert count.calls == (3, 3, 2)


async def test_a_reading_that_is_under_way_is_not_waited_for() -> None:
    world = await bound()
    world.server.create(binding(SECOND.name))
    await world.settle(SECOND)
    world.clock.advance(POLL)
    begun, answer, read = asyncio.Event(), asyncio.Event(), world.cloud.tagged

    async def slow(*arguments: Any) -> Mapping[str, Mapping[str, str]]:
        begun.set()
        await answer.wait()
        return await read(*arguments)

    world.cloud.tagged = slow  # type: ignore[method-assign, assignment]
    count = Count(world)
    first = asyncio.create_task(world.reconcile())
    await begun.wait()
    assert await world.reconcile(SECOND) == Done()
    assert count.calls == (1, 0, 0), "it looked for itself"
    answer.set()
    await first
    assert count.calls == (2, 1, 1)


@pytest.mark.parametrize("error", FAILURES, ids=["throttled", "cut short", "circuit open", "denied"])
async def test_a_reading_that_fails_tells_nothing_and_is_not_repeated_at_once(error: CloudError) -> None:
    world = await bound()
    world.server.create(binding(SECOND.name))
    await world.settle(SECOND)
    world.clock.advance(POLL)
    written, count = (len(world.server.history), len(world.aws.history)), Count(world)
    world.cloud.failing = [error]
    assert await world.reconcile() == Done()
    assert await world.reconcile(SECOND) == Done()
    assert count.calls == (2, 0, 1), "each is looked at in full"
    assert (len(world.server.history), len(world.aws.history)) == written
    world.clock.advance(POLL)
    await world.reconcile()
    assert count.calls == (3, 1, 2)


@pytest.mark.parametrize(
    "shown", [None, FOREIGN, {UID: "another"}], ids=["not there", "without ours", "with another's"]
)
@pytest.mark.parametrize("mode", ["Remediate", "Report"])
async def test_what_a_reading_shows_wrongly_is_looked_at(mode: str, shown: dict[str, str] | None) -> None:
    world = await due(**QUEUE, drift=mode)
    tags = world.queue().tags or {}
    world.aws.misread[world.queue().arn] = {**tags, **shown} if shown is not None and UID in shown else shown
    written, count = (len(world.server.history), len(world.aws.history)), Count(world)
    assert await world.reconcile() == Done()
    looks, spared, _ = count.calls
    assert (looks, spared) == (1, 0)
    assert (len(world.server.history), len(world.aws.history)) == written
    assert world.condition("Ready") == ("True", "Bound")


async def test_a_reading_of_what_was_before_leads_to_no_write() -> None:
    world = await due()
    tags = dict(world.queue().tags or {})
    world.aws.misread[world.queue().arn] = {**tags, "trimtab.dev/deletion-policy": "of old"}
    writes, history = watch_writes(world), list(world.aws.history)
    assert await world.reconcile() == Done()
    assert writes == []
    assert world.aws.history == history


async def test_one_resource_of_several_that_a_reading_does_not_show_is_looked_at_alone() -> None:
    world = await due(**WITH_LETTERS)
    (main,) = [each for name, each in world.queues().items() if each.arn == world.status()["arn"]]
    world.aws.misread[main.arn] = None
    count = Count(world)
    assert await world.reconcile() == Done()
    assert count.calls == (3, 2, 1)


@pytest.mark.parametrize("late", [False, True], ids=["shown", "not shown yet"])
async def test_what_somebody_else_took_is_found_and_left_alone(late: bool) -> None:
    world = await due()
    queue = world.queue()
    if late:
        world.aws.misread[queue.arn] = dict(queue.tags or {})
    queue.tags = {**(queue.tags or {}), UID: "of-another"}
    queue.settings["visibilityTimeout"] = 99
    history = list(world.aws.history)
    await world.settle()
    assert world.condition("Ready") == ("False", "NotOurs")
    assert world.aws.history == history


async def test_what_somebody_else_took_without_a_further_trace_is_found_once_the_reading_shows_it() -> None:
    world = await due()
    queue = world.queue()
    world.aws.misread[queue.arn] = dict(queue.tags or {})
    queue.tags = FOREIGN
    history = list(world.aws.history)
    await world.settle()
    world.aws.misread.clear()
    world.clock.advance(POLL)
    await world.settle()
    assert world.condition("Ready") == ("False", "NotOurs")
    assert world.aws.history == history


@pytest.mark.parametrize("late", [False, True], ids=["not shown", "still shown"])
@pytest.mark.parametrize("mode", ["Remediate", "Report"])
async def test_what_is_gone_is_found_within_one_poll(mode: str, late: bool) -> None:
    world = await due(**QUEUE, drift=mode)
    arn, tags = world.queue().arn, dict(world.queue().tags or {})
    world.aws.stored.clear()
    if late:
        world.cloud.tagged = lambda *_: _shown({arn: tags})  # type: ignore[method-assign]
    writes = watch_writes(world)
    await world.settle()
    if mode == "Report":
        assert world.condition("Ready") == ("False", "ResourceMissing")
        assert writes == []
    else:
        assert world.condition("Ready") == ("True", "Bound")
        assert world.verbs() == ["create", "create"]
        assert writes[0] >= 1, "a direct look comes before the creation"


async def _shown(found: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return found


async def test_a_changed_setting_is_put_right_within_one_poll_after_a_direct_look() -> None:
    world = await due()
    world.queue().settings["visibilityTimeout"] = 99
    writes = watch_writes(world)
    await world.settle()
    assert world.queue().settings["visibilityTimeout"] == 30
    assert writes == [1]
    assert world.events().count("DriftRemedied") == 1


async def test_a_tag_of_ours_that_was_changed_is_put_right_within_one_poll_after_a_direct_look() -> None:
    world = await due()
    tags = dict(world.queue().tags or {})
    world.queue().tags = {**tags, **FOREIGN, "trimtab.dev/deletion-policy": "whatever"}
    writes = watch_writes(world)
    await world.settle()
    assert world.queue().tags == {**tags, **FOREIGN}
    assert writes == [1]


async def test_what_is_known_to_differ_is_looked_at_in_full_at_once() -> None:
    world = await due(**QUEUE, drift="Report")
    world.queue().settings["visibilityTimeout"] = 99
    await world.settle()
    assert world.condition("Drifted") == ("True", "Drifted")
    world.clock.advance(POLL)
    count = Count(world)
    await world.settle()
    assert count.calls == (1, 0, 0)


async def test_settings_that_cannot_be_read_leave_it_as_it_was_last_known() -> None:
    world = await due()
    world.cloud.refusing = lambda verb, resource: CloudThrottledError("too fast")
    count = Count(world)
    await world.reconcile()
    assert count.calls == (1, 1, 1), "not asked again at once"
    assert world.condition("Ready") == ("True", "Bound")
    assert world.status()["waitingFor"][0]["reason"] == "Throttled"
    world.cloud.refusing = lambda verb, resource: None
    await world.settle()
    assert "waitingFor" not in world.status()


@pytest.mark.parametrize("cause", ["spec", "annotation", "notification", "restart"])
async def test_what_has_another_cause_than_time_is_looked_at_in_full(cause: str) -> None:
    world = await due()
    match cause:
        case "spec":
            world.edit(lambda obj: obj["spec"].update(deletionPolicy="Retain"))
        case "annotation":
            world.annotate(reconcile="now")
        case "notification":
            world.reconciler.noticed([world.queue().arn])
        case "restart":
            world.start()
    count = Count(world)
    await world.settle()
    _, spared, lists = count.calls
    assert (spared, lists) == (0, 0)
