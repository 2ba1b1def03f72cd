"""What the workers make of each outcome and each error."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.ports.cluster import (
    ConflictError,
    DeniedError,
    LeaseLostError,
    TerminatingError,
    ThrottledError,
    UnavailableError,
)
from trimtab.reconcilers.queue import Key, RetryBudget, WorkQueue
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.workers import Workers

KEY = Key("Microservice", "shop", "orders")


class Delays(WorkQueue):
    """A queue that remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__("delays", draw=lambda: 0.5, budget=RetryBudget(1e9, 1e9))
        self.asked: list[float] = []

    def add_after(self, key: Key, seconds: float) -> None:
        self.asked.append(seconds)


async def run_once(
    result: Outcome | Exception, times: int = 1, mark: Callable[[Run], None] = lambda run: None
) -> Delays:
    """Runs one key `times` times and returns the queue."""
    finished = asyncio.Event()
    runs = 0

    async def reconcile(run: Run) -> Outcome:
        nonlocal runs
        runs += 1
        run.generation = 7
        mark(run)
        if runs == times:
            finished.set()
        if isinstance(result, Exception):
            raise result
        return result

    queue = Delays()
    workers = Workers(queue, {KEY.kind: reconcile}, count=1, resync=600.0, draw=lambda: 0.5)
    workers.start()
    for _ in range(times):
        before = runs
        queue.add(KEY)
        while runs == before:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    await finished.wait()
    await workers.stop(60)
    return queue


@pytest.mark.parametrize(
    ("result", "delay"),
    [
        (Done(), 600.0),
        (Waiting(after=5.0, reason="SecretNotFound"), 5.0),
        (Stalled(reason="NameConflict"), 600.0),
        (ThrottledError("slow down", 30.0), 33.0),
        (ThrottledError("at once", 0.0), 0.5),
        (UnavailableError("503"), 0.5),
        (ConflictError("409"), 0.01),
        (DeniedError("403"), 5.0),
        (RuntimeError("a bug"), 0.5),
        (TerminatingError("namespace"), None),
        (LeaseLostError("not sent"), None),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_each_outcome_has_its_pace(result: Outcome | Exception, delay: float | None) -> None:
    queue = await run_once(result)
    assert queue.asked == ([] if delay is None else [pytest.approx(delay)])


async def test_who_is_throttled_again_and_again_asks_less_and_less() -> None:
    queue = await run_once(ThrottledError("slow down", 1.0), times=5)
    assert queue.asked == pytest.approx([1.1, 1.1, 2.0, 4.0, 8.0])


async def test_a_resource_that_is_gone_is_not_looked_at_again() -> None:
    def gone(run: Run) -> None:
        run.gone = True

    queue = await run_once(Done(), mark=gone)
    assert queue.asked == []


async def test_there_is_one_line_per_run_with_all_that_matters(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "trimtab.reconcile"):
        await run_once(Waiting(after=5.0, reason="MigrationRunning"))
    (record,) = caplog.records
    fields = record.fields  # type: ignore[attr-defined]
    assert fields["key"] == "Microservice/shop/orders"
    assert fields["generation"] == 7
    assert (fields["outcome"], fields["reason"], fields["writes"]) == ("requeue_after", "MigrationRunning", 0)
    assert fields["duration_ms"] >= 0
    assert len(fields["trace"]) == 16


async def test_the_line_of_a_run_that_went_well_says_how_the_service_is(caplog: pytest.LogCaptureFixture) -> None:
    def available(run: Run) -> None:
        run.reason = "Available"

    with caplog.at_level(logging.INFO, "trimtab.reconcile"):
        await run_once(Done(), mark=available)
    fields = caplog.records[0].fields  # type: ignore[attr-defined]
    assert (fields["outcome"], fields["reason"]) == ("success", "Available")


async def test_the_third_transient_failure_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "trimtab.reconcile"):
        await run_once(UnavailableError("503"), times=4)
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.INFO, logging.INFO, logging.WARNING, logging.WARNING]


async def test_a_bug_is_told_with_its_traceback_and_the_worker_lives(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "trimtab.reconcile"):
        await run_once(RuntimeError("a bug"), times=2)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all(record.exc_info for record in errors)


async def test_a_conflict_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "trimtab.reconcile"):
        await run_once(ConflictError("409"))
    assert [record.levelno for record in caplog.records] == [logging.INFO]


async def test_stopping_lets_running_work_finish_and_starts_no_more() -> None:
    started, go_on, finished = asyncio.Event(), asyncio.Event(), []

    async def reconcile(run: Run) -> Outcome:
        started.set()
        await go_on.wait()
        finished.append(run.key)
        return Done()

    queue = WorkQueue("stop")
    workers = Workers(queue, {KEY.kind: reconcile}, count=1)
    workers.start()
    queue.add(KEY)
    queue.add(Key("Microservice", "shop", "never"))
    await started.wait()
    stopping = asyncio.create_task(workers.stop(60))
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert finished == [KEY]


async def test_what_does_not_finish_in_time_is_cancelled() -> None:
    started = asyncio.Event()

    async def reconcile(run: Run) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return Done()

    queue = WorkQueue("late")
    workers = Workers(queue, {KEY.kind: reconcile}, count=1)
    workers.start()
    queue.add(KEY)
    await started.wait()
    async with asyncio.timeout(60):
        await workers.stop(0.01)
