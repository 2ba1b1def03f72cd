"""The operator as a process of its own, started, watched and ended by a test."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from tests.support.markers import SEARCH

AGENTS = ("trimtab/", "kopf/")
"""How the operator's requests begin to call themselves: our own adapter, and kopf."""

RUN = (str(Path(sys.executable).with_name("trimtab")), "run")

ANSWERS = 60.0
"""Seconds within which an operator that serves has answered, however busy the machine is."""


_PORTS = random.sample(range(20_000, 32_000), 12_000)


def free_port() -> int:
    """A TCP port that nobody listens on at this moment, below those that outgoing connections take by themselves.

    Each is given once: who got one may listen on it only later.
    """
    while _PORTS:
        port = _PORTS.pop()
        with socket.socket(socket.AF_INET6) as probe, suppress(OSError):
            probe.bind(("::", port))
            return port
    raise OSError("no port is free")


class Operator:
    """One running operator. Its log goes to a file; signals are sent to its own pid only.

    What it tells, in its log and by HTTP, is searched for secrets.
    """

    def __init__(self, log: Path, *, command: Sequence[str] = RUN, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.port = free_port()
        settings = {"TRIMTAB_HTTP_HOST": "127.0.0.1", "TRIMTAB_HTTP_PORT": str(self.port)}
        surroundings = {**os.environ, **settings, **(env or {})}
        surroundings.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed operator need not be compiled at each start
        SEARCH.follow(log)
        with log.open("ab") as output:
            self.started = time.monotonic()
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=surroundings)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def send(self, what: signal.Signals) -> None:
        """Sends a signal, if the process still runs."""
        if self.alive:
            self.process.send_signal(what)

    async def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Sends `how` and returns the exit code. Fails if the process is still there after `seconds`."""
        self.send(how)
        return await self.exit_code(seconds)

    async def exit_code(self, seconds: float) -> int:
        """The exit code, as soon as there is one."""
        try:
            return await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the operator still runs after {seconds} s\n{self.tail()}") from None

    async def get(self, url: str, seconds: float = 5) -> tuple[int, str]:
        """Asks the operator's own HTTP server; (0, "") if it does not answer within `seconds`."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            address = f"http://127.0.0.1:{self.port}{url}"
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as response:
                text = await response.text()
                SEARCH.look("http", f"of the operator, {url}", text)
                return response.status, text
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def ready(self, seconds: float = 120) -> float:
        """Waits for /readyz and returns the seconds since the process was started."""
        while (await self.get("/readyz"))[0] != 200:
            if not self.alive:
                raise AssertionError(f"the operator ended with {self.process.returncode}\n{self.tail()}")
            if time.monotonic() - self.started > seconds:
                raise AssertionError(f"the operator is not ready after {seconds} s\n{self.tail()}")
            await asyncio.sleep(0.05)
        return time.monotonic() - self.started

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 if it does not exist yet."""
        lines = (await self.get("/metrics"))[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def resident(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) * 1024

    def cpu(self) -> float:
        """Seconds of CPU used so far, in user and kernel mode (proc(5))."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def tail(self, lines: int = 40) -> str:
        """The end of the log, for failure messages."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@asynccontextmanager
async def running(
    log: Path, *, command: Sequence[str] = RUN, env: Mapping[str, str] | None = None, wait: bool = True
) -> AsyncIterator[Operator]:
    """An operator that is ready when it is handed over, and gone afterwards."""
    operator = Operator(log, command=command, env=env)
    try:
        if wait:
            await operator.ready()
        yield operator
        await operator.get("/metrics")
        await operator.end()  # in order, so that the next one need not wait for the lease
    finally:
        operator.send(signal.SIGCONT)
        operator.send(signal.SIGKILL)
        await operator.exit_code(60)
