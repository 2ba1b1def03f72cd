"""Deliveries in the background: at least once, in order, given up at last, never in the way."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from tests.support.kube import poll

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.domain.release.channels import channel_key
from trimtab.ports.notifier import Notice, NotifierError
from trimtab.reconcilers.courier import Courier, Delivery
from trimtab.reconcilers.queue import Key, Pace

KEY = Key("CanaryRelease", "shop", "orders")
SLACK = {"slack": {"secretRef": {"name": "slack"}}}
HOOK = {"webhook": {"url": "https://hooks.example"}}
NEWS = "2026-01-01T00:00:00Z"


class Channel:
    """A notifier that fails as often as it is told, or waits until it is let go."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.attempts = 0
        self.problems: list[Exception] = []
        self.blocked: dict[str, asyncio.Event] = {}

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        self.attempts += 1
        kind = next(iter(channel))
        if kind in self.blocked:
            await self.blocked[kind].wait()
        if self.problems:
            raise self.problems.pop(0)
        self.taken.append((kind, notice.id))


class Rig:
    def __init__(self) -> None:
        self.channel = Channel()
        self.clock = MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.told: list[Key] = []
        self.courier = Courier(
            self.channel, self.clock, on_settled=self.told.append, pace=Pace(base=0.001, cap=0.001), draw=lambda: 1.0
        )

    async def settles(self, count: int, key: Key = KEY) -> Mapping[tuple[str, str], str]:
        async def enough() -> bool:
            return len(self.courier.settled(key)) >= count

        await poll(enough, 60, f"{count} deliveries are settled", every=0.005)
        return self.courier.settled(key)


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.courier.stop()


def delivery(number: int = 1, channel: Mapping[str, Any] = SLACK, at: str = NEWS) -> Delivery:
    notice = Notice(
        id=f"n{number}", namespace="shop", release="orders", event="Promoted", title="t", text="", fields={}, at=at
    )
    return Delivery(notice=notice, channel_key=channel_key(channel), channel=channel)


def name(number: int, channel: Mapping[str, Any] = SLACK) -> tuple[str, str]:
    return f"n{number}", channel_key(channel)


async def test_what_is_taken_is_settled_and_told(rig: Rig) -> None:
    rig.courier.post(KEY, [delivery()])
    assert await rig.settles(1) == {name(1): ""}
    assert rig.told == [KEY]


async def test_posting_again_delivers_nothing_twice(rig: Rig) -> None:
    for _ in range(3):
        rig.courier.post(KEY, [delivery()])
    await rig.settles(1)
    for _ in range(3):
        rig.courier.post(KEY, [delivery()])
    await asyncio.sleep(0)
    assert rig.channel.attempts == 1


async def test_a_failure_is_repeated_until_it_is_taken(rig: Rig) -> None:
    rig.channel.problems = [NotifierError("503"), RuntimeError("a bug"), NotifierError("503")]
    rig.courier.post(KEY, [delivery()])
    assert await rig.settles(1) == {name(1): ""}
    assert rig.channel.attempts == 4


async def test_each_channel_gets_notices_in_order(rig: Rig) -> None:
    rig.channel.problems = [NotifierError("503")]
    rig.courier.post(KEY, [delivery(number) for number in (1, 2, 3)])
    await rig.settles(3)
    assert rig.channel.taken == [("slack", "n1"), ("slack", "n2"), ("slack", "n3")]


async def test_a_channel_that_hangs_does_not_delay_another(rig: Rig) -> None:
    rig.channel.blocked["slack"] = asyncio.Event()
    rig.courier.post(KEY, [delivery(1, SLACK), delivery(1, HOOK)])
    assert await rig.settles(1) == {name(1, HOOK): ""}
    rig.channel.blocked["slack"].set()
    assert await rig.settles(2) == {name(1, HOOK): "", name(1, SLACK): ""}


async def test_what_can_never_be_taken_is_given_up_with_the_reason(rig: Rig) -> None:
    rig.channel.problems = [NotifierError("hooks.example answered 404", permanent=True)]
    rig.courier.post(KEY, [delivery(1), delivery(2)])
    assert await rig.settles(2) == {name(1): "hooks.example answered 404", name(2): ""}
    assert rig.channel.attempts == 2


async def test_what_nobody_took_within_a_day_is_given_up(rig: Rig) -> None:
    rig.clock.advance(25 * 3600)
    rig.channel.problems = [NotifierError("503")]
    rig.courier.post(KEY, [delivery()])
    assert await rig.settles(1) == {name(1): "503"}


@pytest.mark.parametrize("at", ["", "yesterday", "2026-01-01T00:00:00"])
async def test_a_notice_of_unknown_age_keeps_no_other_from_its_channel(rig: Rig, at: str) -> None:
    rig.channel.problems = [NotifierError("503")]
    rig.courier.post(KEY, [delivery(1, at=at), delivery(2)])
    assert await rig.settles(2) == {name(1): "503", name(2): ""}


async def test_an_old_notice_is_tried_at_least_once(rig: Rig) -> None:
    rig.clock.advance(25 * 3600)
    rig.courier.post(KEY, [delivery()])
    assert await rig.settles(1) == {name(1): ""}


async def test_a_channel_that_was_removed_is_not_tried_any_more(rig: Rig) -> None:
    rig.channel.problems = [NotifierError("503") for _ in range(1000)]
    rig.courier.post(KEY, [delivery(1), delivery(2)])

    async def tried() -> bool:
        return rig.channel.attempts > 2

    await poll(tried, 60, "some attempts", every=0.005)
    rig.courier.post(KEY, [])
    rig.channel.problems = []
    rig.courier.post(KEY, [delivery(3)])
    assert await rig.settles(1) == {name(3): ""}
    assert rig.channel.taken[-1] == ("slack", "n3")


async def test_what_the_status_has_dropped_is_forgotten(rig: Rig) -> None:
    rig.courier.post(KEY, [delivery()])
    await rig.settles(1)
    rig.courier.post(KEY, [])
    assert rig.courier.settled(KEY) == {}
    assert rig.courier.settled(Key("CanaryRelease", "shop", "other")) == {}


async def test_what_was_dropped_while_under_way_is_not_remembered(rig: Rig) -> None:
    rig.channel.blocked["slack"] = asyncio.Event()
    rig.courier.post(KEY, [delivery()])
    await asyncio.sleep(0)
    rig.courier.post(KEY, [])
    rig.channel.blocked["slack"].set()

    async def taken() -> bool:
        return bool(rig.channel.taken)

    await poll(taken, 60, "the attempt under way ends", every=0.005)
    await asyncio.sleep(0)
    assert rig.courier.settled(KEY) == {}
    assert rig.told == []


async def test_a_successor_delivers_what_was_not_settled(rig: Rig) -> None:
    """What is pending stands in the status: a new process posts it again, and the id tells a repetition from news."""
    rig.channel.blocked["slack"] = asyncio.Event()
    rig.courier.post(KEY, [delivery()])
    await asyncio.sleep(0)
    await rig.courier.stop()
    successor = Rig()
    successor.courier.post(KEY, [delivery()])
    assert await successor.settles(1) == {name(1): ""}


async def test_the_receivers_own_pace_is_kept(rig: Rig) -> None:
    rig.channel.problems = [NotifierError("429", retry_after=0.2)]
    started = asyncio.get_running_loop().time()
    rig.courier.post(KEY, [delivery()])
    await rig.settles(1)
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_a_thousand_hanging_channels_hold_eight_connections(rig: Rig) -> None:
    rig.channel.blocked["slack"] = asyncio.Event()
    for number in range(1000):
        rig.courier.post(Key("CanaryRelease", "shop", f"r{number}"), [delivery()])
    await asyncio.sleep(0)
    assert rig.channel.attempts <= 8
    rig.channel.blocked["slack"].set()
    for number in range(1000):
        await rig.settles(1, Key("CanaryRelease", "shop", f"r{number}"))
