"""Calls that block: so many at a time, and none that the end of the process would wait for."""

import asyncio
import subprocess
import sys
import threading
from functools import partial

import pytest

from trimtab.adapters.aws.threads import Threads


async def test_what_a_call_returns_or_raises_is_passed_on() -> None:
    threads = Threads(2, "test")
    assert await threads.run(lambda: 1 + 1) == 2
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_so_many_are_under_way_and_the_others_come_in_turn() -> None:
    threads, gate, begun = Threads(2, "test"), threading.Event(), []

    def call(number: int) -> None:
        begun.append(number)
        gate.wait()

    calls = [asyncio.create_task(threads.run(partial(call, number))) for number in range(6)]
    while len(begun) < 2:
        await asyncio.sleep(0.001)
    assert sorted(begun) == [0, 1]  # each thread begins its own when it comes to run
    gate.set()
    await asyncio.gather(*calls)
    assert sorted(begun) == list(range(6))


async def test_who_is_cancelled_does_not_wait() -> None:
    threads, gate = Threads(1, "test"), threading.Event()
    call = asyncio.create_task(threads.run(gate.wait))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    assert await threads.run(lambda: "next") == "next"


async def test_nothing_begins_once_it_is_closed() -> None:
    threads = Threads(1, "test")
    threads.close()
    with pytest.raises(RuntimeError, match="closed"):
        await threads.run(lambda: None)


def test_a_process_ends_though_a_call_hangs() -> None:
    program = """
import asyncio, threading
from trimtab.adapters.aws.threads import Threads

async def main():
    hanging = asyncio.create_task(Threads(1, "test").run(threading.Event().wait))
    await asyncio.sleep(0)
    hanging.cancel()

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
