"""The `trimtab` command as a process of its own."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("trimtab"))


async def start(*arguments: str, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Begins a command whose standard output and error are pipes."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        COMMAND, *arguments, stdout=pipe, stderr=pipe, env={**os.environ, **(env or {})}
    )


async def trimtab(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code and all that was said, errors last."""
    process = await start(*arguments, env=env)
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode() + errors.decode()
