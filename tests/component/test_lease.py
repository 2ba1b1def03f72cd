"""Leader election against a Lease that several electors compete for, on clocks that the test moves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.adapters.kubernetes.lease import DURATION, RENEW_DEADLINE, RETRY, Elector
from trimtab.domain.objects import Object
from trimtab.ports.cluster import ConflictError, UnavailableError


class Store:
    """A Lease on an API server, with its optimistic lock; `down` makes it unreachable, `slow` makes it hang."""

    def __init__(self) -> None:
        self.lease: Object | None = None
        self.version = 0
        self.down = False
        self.before_write: Callable[[], Awaitable[None]] | None = None

    async def read(self) -> Object | None:
        if self.down:
            raise UnavailableError("down")
        return self.lease

    async def write(self, spec: dict[str, Any], previous: Object | None) -> Object:
        if self.before_write:
            await self.before_write()
        if self.down:
            raise UnavailableError("down")
        if previous != self.lease:
            raise ConflictError("changed")
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}
        return self.lease


class Time:
    """Elapsed seconds that only move when told to; waiting electors move it on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        time.now += seconds
        await real_sleep(0)

    monkeypatch.setattr("trimtab.adapters.kubernetes.lease.asyncio.sleep", sleep)
    return time


def elector(store: Store, time: Time, identity: str) -> Elector:
    return Elector(store, identity, clock=time, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), draw=lambda: 0.0)


async def test_the_first_one_leads(store: Store, time: Time) -> None:
    one = elector(store, time, "one")
    assert one.remaining() == 0.0
    await one.acquire()
    assert one.leading
    assert one.remaining() == DURATION
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "one"
    assert store.lease["spec"]["leaseTransitions"] == 0


async def test_the_second_one_waits_until_the_record_has_not_changed_for_its_duration(store: Store, time: Time) -> None:
    one, two = elector(store, time, "one"), elector(store, time, "two")
    await one.acquire()
    began = time.now
    await two.acquire()
    assert DURATION <= time.now - began <= DURATION + 2 * RETRY
    assert one.remaining() == 0.0, "two leaders at once"
    assert store.lease is not None
    assert store.lease["spec"]["leaseTransitions"] == 1


async def test_a_standby_says_once_who_leads(store: Store, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    one, two = elector(store, time, "one"), elector(store, time, "two")
    await one.acquire()
    with caplog.at_level(logging.INFO, "trimtab.lease"):
        await two.acquire()
    assert [record.getMessage() for record in caplog.records] == ["standing by while one leads", "leading as two"]


async def test_a_lease_that_cannot_be_had_is_a_warning(
    store: Store, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    store.down = True
    with caplog.at_level(logging.INFO, "trimtab.lease"):
        assert not await elector(store, time, "one")._try()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_wrong_clock_in_the_record_does_not_matter(store: Store, time: Time) -> None:
    one, two = elector(store, time, "one"), elector(store, time, "two")
    await one.acquire()
    assert store.lease is not None
    store.lease["spec"]["renewTime"] = "1970-01-01T00:00:00.000000Z"
    assert not await two._try()


async def test_a_lease_that_was_given_back_is_taken_at_once(store: Store, time: Time) -> None:
    one, two = elector(store, time, "one"), elector(store, time, "two")
    await one.acquire()
    await one.release()
    assert not one.leading
    began = time.now
    await two.acquire()
    assert time.now == began


async def test_holding_renews_and_ends_when_the_api_server_stays_away(store: Store, time: Time) -> None:
    one = elector(store, time, "one")
    await one.acquire()
    renewals = 0

    async def watch() -> None:
        nonlocal renewals
        renewals += 1
        if renewals == 5:
            store.down = True

    store.before_write = watch
    began = time.now
    await one.hold()
    assert renewals >= 5
    assert not one.leading
    lost_after = time.now - began - 4 * RETRY
    assert lost_after <= RENEW_DEADLINE + 0.01, "must give up before others may take over"
    assert one.remaining() == 0.0


async def test_a_process_that_slept_past_its_lease_knows_at_once(store: Store, time: Time) -> None:
    one = elector(store, time, "one")
    await one.acquire()
    time.now += DURATION + 5  # stopped and continued; the renewal has not run yet
    assert one.remaining() == 0.0


async def test_a_leader_whose_lease_was_taken_stops(store: Store, time: Time) -> None:
    one, two = elector(store, time, "one"), elector(store, time, "two")
    await one.acquire()
    two._observe(store.lease)
    time.now += DURATION + 1
    assert await two._try()
    await one.hold()
    assert not one.leading
    assert two.leading


async def test_a_deleted_lease_is_made_anew_by_its_leader(store: Store, time: Time) -> None:
    one = elector(store, time, "one")
    await one.acquire()
    store.lease = None
    assert not await one._try()  # learns of it
    assert await one._try()
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "one"


async def test_two_that_start_at_once_never_both_lead(store: Store, time: Time) -> None:
    electors = [elector(store, time, name) for name in ("one", "two", "three")]

    async def pause() -> None:
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.001)

    store.before_write = pause
    results = await asyncio.gather(*(each._try() for each in electors))
    assert results.count(True) == 1
