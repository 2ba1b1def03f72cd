"""The faults of the catalogue, each as a function that a Rig asks about every call."""

import asyncio
import time
from collections.abc import Callable, Collection
from enum import Enum

from tests.fault.rig import Answer, Call, Cut, Fault, Proceed, Signature, failure

Concerns = Callable[[Call], bool]


class Point(Enum):
    """When, around one write, the operator is killed."""

    BEFORE = "K1: before the write reaches the API server"
    UNANSWERED = "K2: after the API server carried it out, before the answer"
    AFTER = "K3: just after the answer"


def kill_at(signature: Signature, point: Point, kill: Callable[[], None], fired: Callable[[], None]) -> Fault:
    """kill -9 at one point around one write, once."""
    done = False

    async def fault(call: Call, proceed: Proceed) -> Answer | None:
        nonlocal done
        if done or call.signature != signature:
            return None
        done = True
        fired()
        if point is Point.BEFORE:
            kill()
            raise Cut
        answer = await proceed()
        if point is Point.UNANSWERED:
            kill()
            raise Cut
        asyncio.get_running_loop().call_later(0.005, kill)
        return answer

    return fault


def first_of_each(concerns: Concerns, answer: Callable[[Call], Answer], times: int = 1) -> Fault:
    """Every object's first `times` calls of a kind are answered without reaching the API server."""
    seen: dict[tuple[str, str, str], int] = {}

    async def fault(call: Call, proceed: Proceed) -> Answer | None:
        if not concerns(call):
            return None
        key = (call.method, call.path.partition("?")[0], call.subresource)
        seen[key] = seen.get(key, 0) + 1
        return answer(call) if seen[key] <= times else None

    return fault


def for_seconds(seconds: float, concerns: Concerns, answer: Callable[[Call], Answer]) -> Fault:
    """From the first such call on, all of them are answered so for a while. `answer` may raise Cut."""
    end = 0.0

    async def fault(call: Call, proceed: Proceed) -> Answer | None:
        nonlocal end
        if not concerns(call):
            return None
        end = end or time.monotonic() + seconds
        return answer(call) if time.monotonic() < end else None

    return fault


def lost_answer(concerns: Concerns, *, applied: bool, hang: float) -> Fault:
    """The first such call hangs for `hang` seconds and then breaks; the API server carried it out if `applied`."""
    done = False

    async def fault(call: Call, proceed: Proceed) -> Answer | None:
        nonlocal done
        if done or not concerns(call):
            return None
        done = True
        if applied:
            await proceed()
        await asyncio.sleep(hang)
        raise Cut

    return fault


def slow(seconds: float) -> Fault:
    """Every call but a watch takes that much longer."""

    async def fault(call: Call, proceed: Proceed) -> Answer | None:
        if call.watch:
            return None
        await asyncio.sleep(seconds)
        return await proceed()

    return fault


def cut(call: Call) -> Answer:
    """An answer that never comes: the connection breaks."""
    raise Cut


def write(*resources: str) -> Concerns:
    """Writes of these resources, or all."""
    wanted: Collection[str] = resources

    def concerns(call: Call) -> bool:
        return call.is_write and (not wanted or call.resource in wanted)

    return concerns


def conflict(call: Call) -> Answer:
    """409, as for an outdated resourceVersion."""
    return failure(409, "Conflict", f"Operation cannot be fulfilled on {call.resource} {call.name!r}: modified")


def throttled(call: Call) -> Answer:
    """429 with Retry-After 1."""
    return failure(429, "TooManyRequests", "too many requests", {"Retry-After": "1"})


def broken(code: int) -> Callable[[Call], Answer]:
    """A 5xx answer."""
    return lambda call: failure(code, "InternalError" if code == 500 else "ServiceUnavailable", "etcd is unwell")


def forbidden(call: Call) -> Answer:
    """403, as after a Role was taken away."""
    return failure(403, "Forbidden", f'{call.resource} "{call.name}" is forbidden: RBAC')


def expired(call: Call) -> Answer:
    """410 to a watch: its resourceVersion is too old."""
    return failure(410, "Expired", "too old resource version")
