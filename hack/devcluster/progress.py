"""What the tooling tells a person while it works: one line a step, on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(message: str) -> None:
    """Print one line; standard output stays free for results."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def step(message: str) -> Iterator[None]:
    """Announce a step, and say how long it took once it is done."""
    say(f"  {message} ...")
    started = time.monotonic()
    yield
    say(f"  {message}: done in {time.monotonic() - started:.1f} s")


def tail(text: str, lines: int = 15) -> str:
    """The last lines of a log, indented for an error message."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
