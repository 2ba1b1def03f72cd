"""What networks and AWS do to calls, each as a function that a Proxy asks about every call.

The catalogue is that of C1 and W1 to W13 in the list of faults that the operator must survive.
"""

import time
from collections.abc import Callable
from enum import Enum
from threading import Lock, Timer

from tests.support.aws import Cut, Fault, Proceed, Proxy
from tests.support.aws_wire import Answer, Call, Signature, absent, error, throttled

Concerns = Callable[[Call], bool]


class Point(Enum):
    """When, around one call, the caller is killed."""

    BEFORE = "before the call reaches AWS"
    UNANSWERED = "after AWS carried it out, before the answer"
    AFTER = "just after the answer"


def kill_at(proxy: Proxy, signature: Signature, point: Point, kill: Callable[[], None]) -> Fault:
    """kill -9 at one point around one call, once. Nothing of the dead caller passes the proxy any more."""

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        if call.signature != signature or proxy.dead:
            return None
        answer = None if point is Point.BEFORE else proceed()
        proxy.dead = True
        if answer is not None and point is Point.AFTER:
            Timer(0.005, kill).start()
            return answer
        kill()
        raise Cut

    return fault


def any_call(call: Call) -> bool:
    """Concerns every call."""
    return True


def writes(call: Call) -> bool:
    """Concerns what changes something."""
    return call.is_write


def calls(*operations: str) -> Concerns:
    """Concerns these operations."""
    return lambda call: call.operation in operations


def times(n: int, concerns: Concerns, answer: Callable[[Call], Answer]) -> Fault:
    """The first `n` such calls of each operation are answered without reaching AWS. `answer` may raise Cut."""
    seen: dict[tuple[str, str], int] = {}
    lock = Lock()

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        if not concerns(call):
            return None
        with lock:
            key = (call.service, call.operation)
            seen[key] = seen.get(key, 0) + 1
            mine = seen[key] <= n
        return answer(call) if mine else None

    return fault


def lost(signature: Signature) -> Fault:
    """AWS carries the call out; its answer never arrives. The caller lives on."""

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        if call.signature != signature:
            return None
        proceed()
        raise Cut

    return fault


def every_answer_lost_once() -> Fault:
    """Each write's first answer of a kind is lost, though AWS carried it out."""
    seen: set[tuple[str, str]] = set()

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        key = (call.service, call.operation)
        if not call.is_write or key in seen:
            return None
        seen.add(key)
        proceed()
        raise Cut

    return fault


def torn(n: int, concerns: Concerns) -> Fault:
    """The first `n` such answers break off in the middle."""
    left = [n]

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        if not concerns(call) or not left[0]:
            return None
        left[0] -= 1
        whole = proceed()
        headers = {name: value for name, value in whole.headers.items() if name.lower() != "content-length"}
        return Answer(
            whole.code, whole.body[: len(whole.body) // 2], {**headers, "Content-Length": str(len(whole.body))}
        )

    return fault


def unseen(n: int, create: str) -> Fault:
    """After a creation, the first `n` reads that name the resource find nothing (eventual consistency).

    `create` is the operation; the name is its parameter QueueName, Name, TableName or RoleName, or the path.
    """
    left: dict[str, int] = {}

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        if call.operation == create:
            answer = proceed()
            if answer.code < 300:
                left.setdefault(_created(call), n)
            return answer
        for name in left:
            if left[name] and not call.is_write and call.mentions(name):
                left[name] -= 1
                return absent(call)
        return None

    return fault


def _created(call: Call) -> str:
    if call.protocol == "rest":
        return call.path.partition("?")[0].strip("/")
    keys = ("QueueName", "Name", "TableName", "RoleName")
    return str(next(value for key in keys if (value := call.parameter(key))))


def rate(per_second: float, burst: int = 10) -> Fault:
    """What exceeds a rate is throttled."""
    tokens, last = float(burst), time.monotonic()
    lock = Lock()

    def fault(call: Call, proceed: Proceed) -> Answer | None:
        nonlocal tokens, last
        with lock:
            now = time.monotonic()
            tokens, last = min(burst, tokens + (now - last) * per_second), now
            if tokens < 1:
                return throttled(call)
            tokens -= 1
        return None

    return fault


def broken(code: int) -> Callable[[Call], Answer]:
    """A 5xx answer."""
    name = {500: "InternalError", 503: "ServiceUnavailable"}.get(code, "InternalFailure")
    return lambda call: error(call, code, name, "We encountered an internal error.")


def cut(call: Call) -> Answer:
    """An answer that never comes: the connection breaks."""
    raise Cut
