"""The `trimtab` command as a process of its own."""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import SupportsIndex

from tests.support.markers import SEARCH

COMMAND = str(Path(sys.executable).with_name("trimtab"))


async def start(*arguments: str, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Begins a command whose standard output and error are pipes. All that it says is searched for secrets."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        COMMAND, *arguments, stdout=pipe, stderr=pipe, env={**os.environ, **(env or {})}
    )
    for stream in (process.stdout, process.stderr):
        assert stream
        _overhear(stream, " ".join(("of trimtab", *arguments)))
    return process


def _overhear(stream: asyncio.StreamReader, place: str) -> None:
    """Searches what arrives, together with what came before: pipes cut where they like."""
    feed, heard = stream.feed_data, bytearray()

    def feed_data(data: Iterable[SupportsIndex]) -> None:
        heard.extend(data)
        SEARCH.look("output", place, bytes(heard))
        feed(data)

    stream.feed_data = feed_data  # type: ignore[method-assign]


async def trimtab(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code and all that was said, errors last."""
    process = await start(*arguments, env=env)
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode() + errors.decode()
