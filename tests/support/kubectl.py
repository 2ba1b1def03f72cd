"""kubectl and the other commands that people use, run by tests as people run them."""

import asyncio
import json
from collections.abc import Sequence

from tests.support.kube import Object


class CommandError(AssertionError):
    """A command ended with another code than 0; the text has its output."""


async def run(*command: str, stdin: str = "", seconds: float = 180) -> str:
    """Standard output of a command. Raises CommandError if it fails or is not done after `seconds`."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CommandError(f"not done within {seconds} s: {' '.join(command)}") from None
    if process.returncode:
        raise CommandError(f"{' '.join(command)}: exit {process.returncode}\n{err.decode()}{out.decode()}")
    return out.decode()


async def kubectl(*args: str, stdin: str = "", seconds: float = 180) -> str:
    """`kubectl args`, its request bounded by `seconds`."""
    return await run("kubectl", *args, stdin=stdin, seconds=seconds)


async def items(*args: str) -> Sequence[Object]:
    """The objects that `kubectl get args` lists."""
    found: list[Object] = json.loads(await kubectl("get", *args, "-o", "json"))["items"]
    return found


def table(text: str) -> list[dict[str, str]]:
    """The rows of a kubectl table by column; cut at the header's columns, since cells may be empty."""
    header, *lines = text.splitlines()
    starts = [i for i, c in enumerate(header) if c != " " and (i == 0 or header[i - 2 : i].isspace())]
    cuts = list(zip(starts, [*starts[1:], None], strict=True))
    return [{header[a:b].strip(): line[a:b].strip() for a, b in cuts} for line in lines]
