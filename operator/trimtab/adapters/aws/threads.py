"""Threads for calls that block. They do not hold up the end of the process, unlike those of concurrent.futures."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """At most `most` calls at a time; others wait in the order in which they came."""

    def __init__(self, most: int, name: str) -> None:
        self._free = asyncio.Semaphore(most)
        self._name = name
        self._closed = False

    async def run(self, function: Callable[[], T]) -> T:
        """What the function returns or raises; RuntimeError if closed. Who is cancelled does not wait for its end."""
        async with self._free:
            if self._closed:
                raise RuntimeError("closed")
            loop = asyncio.get_running_loop()
            outcome: asyncio.Future[T] = loop.create_future()
            Thread(target=_call, args=(loop, outcome, function), name=self._name, daemon=True).start()
            return await outcome

    def close(self) -> None:
        """Begins no further call."""
        self._closed = True


def _call(loop: asyncio.AbstractEventLoop, outcome: asyncio.Future[T], function: Callable[[], T]) -> None:
    settle: Callable[[Any], None]
    result: Any
    try:
        settle, result = outcome.set_result, function()
    except Exception as error:
        settle, result = outcome.set_exception, error
    with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
        loop.call_soon_threadsafe(lambda: None if outcome.done() else settle(result))
