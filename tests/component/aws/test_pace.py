"""The pace of calls: a rate that holds on average, slows when AWS says so, and never stops."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from trimtab.adapters.aws.breaker import FAILURES, REST
from trimtab.adapters.aws.lanes import ABREAST, Lane, Lanes
from trimtab.adapters.aws.pace import RECOVERY, SLOWEST, Bucket, Rates
from trimtab.ports.cloud import CircuitOpenError, CloudDeniedError, CloudUnavailableError


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def lane(time: Time) -> Lane:
    return Lanes(Rates(reads=20.0, writes=10.0), now=time.now, sleep=time.sleep).of("1", "eu-central-1", "sqs")


async def calls(lane: Lane, number: int, *, write: bool, requests: int = 1) -> None:
    for _ in range(number):
        async with lane.turn(write=write):
            for _ in range(requests):
                (lane.writes if write else lane.reads).take()


@pytest.mark.parametrize(("write", "rate"), [(True, 10.0), (False, 20.0)])
async def test_a_rate_holds_however_many_requests_a_call_is(lane: Lane, time: Time, write: bool, rate: float) -> None:
    await calls(lane, 200, write=write, requests=3)
    assert 600 / rate - 2 <= time.at <= 600 / rate + 1


async def test_writes_do_not_wait_for_reads(lane: Lane, time: Time) -> None:
    for _ in range(100):
        lane.reads.take()
    await calls(lane, 1, write=True)
    assert time.at == 0.0


async def test_one_service_does_not_wait_for_another(time: Time) -> None:
    lanes = Lanes(Rates(), now=time.now, sleep=time.sleep)
    for _ in range(1000):
        lanes.of("1", "eu-central-1", "sqs").writes.take()
    for other in (("2", "eu-central-1", "sqs"), ("1", "us-east-1", "sqs"), ("1", "eu-central-1", "sns")):
        await calls(lanes.of(*other), 1, write=True)
    assert time.at == 0.0


async def test_calls_are_let_in_as_they_came(lane: Lane) -> None:
    order: list[int] = []

    async def one(number: int) -> None:
        async with lane.turn(write=True):
            lane.writes.take()
            order.append(number)

    await asyncio.gather(*(one(number) for number in range(30)))
    assert order == list(range(30))


async def test_a_call_that_is_given_up_leaves_its_place(lane: Lane) -> None:
    gate = asyncio.Event()

    async def one() -> None:
        async with lane.turn(write=True):
            await gate.wait()

    held = [asyncio.create_task(one()) for _ in range(3 * ABREAST)]
    await asyncio.sleep(0)
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    async with AsyncExitStack() as stack:
        for _ in range(ABREAST):
            await stack.enter_async_context(lane.turn(write=True))


def test_throttling_halves_the_rate_once_a_second_down_to_a_floor(time: Time) -> None:
    bucket = Bucket(16.0, time.now)
    for _ in range(5):
        bucket.slow()
    assert bucket.rate == pytest.approx(8.0)
    for _ in range(20):
        time.at += 1.0
        bucket.slow()
    assert bucket.rate == pytest.approx(16.0 * SLOWEST, rel=0.3)
    assert 0 < bucket.wait() < 3.0


def test_without_throttling_the_rate_comes_back(time: Time) -> None:
    bucket = Bucket(16.0, time.now)
    bucket.slow()
    time.at += RECOVERY / 2
    assert 8.0 < bucket.rate < 16.0
    time.at += RECOVERY / 2
    assert bucket.rate == pytest.approx(16.0)


async def failing(lane: Lane, error: Exception | None = None) -> None:
    with pytest.raises(CloudUnavailableError if error is None else type(error)):
        async with lane.turn(write=False):
            raise error or CloudUnavailableError("down")


async def test_a_service_that_fails_is_left_alone_then_tried_by_one_call(lane: Lane, time: Time) -> None:
    for _ in range(FAILURES):
        await failing(lane)
    with pytest.raises(CircuitOpenError) as refused:
        await calls(lane, 1, write=True)
    assert 0 < refused.value.retry_after <= REST
    time.at += REST
    async with lane.turn(write=False):
        with pytest.raises(CircuitOpenError):
            await calls(lane, 1, write=False)
    await calls(lane, 10, write=False)


async def test_a_trial_that_fails_leaves_it_alone_again(lane: Lane, time: Time) -> None:
    for _ in range(FAILURES):
        await failing(lane)
    time.at += REST
    await failing(lane)
    with pytest.raises(CircuitOpenError):
        await calls(lane, 1, write=False)


async def test_a_trial_that_is_given_up_is_none(lane: Lane, time: Time) -> None:
    for _ in range(FAILURES):
        await failing(lane)
    time.at += REST
    await failing(lane, ValueError("of ours"))
    await calls(lane, 1, write=False)


async def test_answers_between_failures_show_that_it_works(lane: Lane) -> None:
    for _ in range(3 * FAILURES):
        await failing(lane)
        await failing(lane, CloudDeniedError("no"))
    await calls(lane, 1, write=False)
