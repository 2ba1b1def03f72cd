"""What the tooling tells a person while it works: one line a step, on standard error."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

REPORT_SECONDS = 20
"""Seconds of silence after which a long step says that it goes on."""


def say(message: str) -> None:
    """Print one line; standard output stays free for results."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def step(message: str) -> Iterator[None]:
    """Announce a step, say now and then that it is not done yet, and how long it took once it is."""
    say(f"  {message} ...")
    started, over = time.monotonic(), threading.Event()
    reporter = threading.Thread(target=_report, args=(message, started, over), daemon=True)
    reporter.start()
    try:
        yield
    finally:
        over.set()
        reporter.join()
    say(f"  {message}: done in {time.monotonic() - started:.1f} s")


def _report(message: str, started: float, over: threading.Event) -> None:
    while not over.wait(REPORT_SECONDS):
        say(f"    {message}: {time.monotonic() - started:.0f} s so far")


def tail(text: str, lines: int = 15) -> str:
    """The last lines of a log, indented for an error message."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
