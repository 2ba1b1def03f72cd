"""The API server as it is on bad days (A1-A14): the scenario ends as if nothing had been, and nothing is made twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from tests.fault import faults
from tests.fault.faults import write
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.rig import Call, Fault


def _any(call: Call) -> bool:
    return True


def _watch(call: Call) -> bool:
    return call.watch


PLANS: Mapping[str, Callable[[], Fault]] = {
    "A1 conflict, once on each object": lambda: faults.first_of_each(write(), faults.conflict),
    "A1 conflict, 20 times on the Deployment": lambda: faults.first_of_each(write("deployments"), faults.conflict, 20),
    "A1 conflict, 5 times on the status": lambda: faults.first_of_each(write("microservices"), faults.conflict, 5),
    "A3 watch expired, as an answer": lambda: faults.first_of_each(_watch, faults.expired),
    "A5 throttled, once on each object": lambda: faults.first_of_each(write(), faults.throttled),
    "A6 500 on everything for 2 s": lambda: faults.for_seconds(2, _any, faults.broken(500)),
    "A6 503 on every write for 5 s": lambda: faults.for_seconds(5, write(), faults.broken(503)),
    "A7 time-out, applied": lambda: faults.lost_answer(write("deployments"), applied=True, hang=30),
    "A7 time-out, not applied": lambda: faults.lost_answer(write("deployments"), applied=False, hang=30),
    "A7 broken connection, applied": lambda: faults.lost_answer(write("jobs"), applied=True, hang=0),
    "A10 forbidden for 3 s": lambda: faults.for_seconds(3, write("deployments", "services"), faults.forbidden),
    "A13 API server away for 10 s": lambda: faults.for_seconds(10, _any, faults.cut),
    "A14 every call takes a second": lambda: faults.slow(1),
}


@dataclass(slots=True)
class Ended:
    """How a run under a fault ended otherwise than the undisturbed one, and how many requests the fault concerned."""

    wrong: Mapping[str, object]
    concerned: int


def counted(fault: Fault, ended: list[Call]) -> Fault:
    """The fault, noting the calls that it acted on."""

    async def counting(call: Call, proceed: Any) -> Any:
        ended.append(call)  # beforehand: a fault may hang until long after the run
        answer = await fault(call, proceed)
        if answer is None:
            ended.remove(call)
        return answer

    return counting


async def _live_with(laboratory: Laboratory, learned: Learned, make: Callable[[], Fault]) -> Ended:
    concerned: list[Call] = []
    async with laboratory.slots, laboratory.world() as this:
        this.rig.faults.append(counted(make(), concerned))
        await this.pass_through()
        return Ended(await learned.unlike(this), len(concerned))


@pytest_asyncio.fixture(scope="module")
async def runs(
    laboratory: Laboratory, learned: Learned, request: pytest.FixtureRequest
) -> AsyncIterator[Mapping[str, Awaitable[Ended]]]:
    """All selected plans, begun together; each test awaits its own."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    chosen = [str(test.callspec.params["plan"]) for test in tests if test.path == request.path]
    tasks = {plan: asyncio.create_task(_live_with(laboratory, learned, PLANS[plan])) for plan in chosen}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("plan", PLANS)
async def test_ends_as_if_nothing_had_been(plan: str, runs: Mapping[str, Awaitable[Ended]]) -> None:
    ended = await runs[plan]
    assert ended.concerned, "the fault met no request"
    assert not ended.wrong
