"""The commands of the demo, run inside the cluster's network, and how it waits for what they bring about."""

import http.client
import json
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from shopdemo.narrator import Narrator
from shopdemo.verdict import Summary

T = TypeVar("T")
POLL_SECONDS = 0.5

PATIENCE = 300
"""Seconds that a step may take on a slow machine. Commands that wait for something themselves give up at this, too."""

SILENCE = 10
"""Seconds after which a person is told what is being waited for."""


class DemoError(Exception):
    """Something did not go as it should; the text says what, for a person."""


def show(narrator: Narrator, line: str, *, quiet: bool = False) -> str:
    """Runs a command line and shows it with its output (`quiet`: without). Raises DemoError if it fails."""
    narrator.command(line)
    text = run(*shlex.split(line), waiting=lambda seconds: narrator.output(f"... not done yet, {seconds:.0f} s"))
    if not quiet:
        narrator.output(text)
    return text


def live(narrator: Narrator, line: str) -> int:
    """Runs a command that draws by itself on a terminal; elsewhere its lines are output as they come. Its exit code.

    The command has to end by itself.
    """
    narrator.command(line)
    if sys.stdout.isatty():
        return subprocess.run(shlex.split(line), stdin=subprocess.DEVNULL).returncode
    with subprocess.Popen(shlex.split(line), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        for text in process.stdout or ():
            narrator.output(text)
        return process.wait()


def run(*command: str, waiting: Callable[[float], None] = lambda _: None) -> str:
    """The output of a command; `waiting` is told now and then how many seconds it has taken.

    Raises DemoError with its complaint if it fails, or is not done a little later than it should give up itself.
    """
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            out, err = _ended(command, process, waiting)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise DemoError(f"{shlex.join(command)}\n{(out + err).strip()}")
    return out


def _ended(
    command: tuple[str, ...], process: "subprocess.Popen[str]", waiting: Callable[[float], None]
) -> tuple[str, str]:
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < PATIENCE + 30:
        if passed >= SILENCE:
            waiting(passed)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=SILENCE)
    raise DemoError(f"not done within {passed:.0f} s: {shlex.join(command)}")


def poll(narrator: Narrator, look: Callable[[], T | None], what: str) -> T:
    """The first answer of `look` that is true; now and then it is said what is waited for. Raises DemoError."""
    begin = told = time.monotonic()
    while not (found := look()):
        now = time.monotonic()
        if now - begin > PATIENCE:
            raise DemoError(f"waited {PATIENCE} s in vain until {what}")
        if now - told > SILENCE:
            told = now
            narrator.output(f"... waiting until {what}, {now - begin:.0f} s")
        time.sleep(POLL_SECONDS)
    return found


def microservices(namespace: str) -> dict[str, Any]:
    """All Microservices of a namespace, by name."""
    found = json.loads(run("kubectl", "-n", namespace, "get", "msvc", "-o", "json"))["items"]
    return {obj["metadata"]["name"]: obj for obj in found}


def ready_condition(obj: dict[str, Any]) -> dict[str, Any]:
    """The condition Ready; empty while the status is about an older generation."""
    status = obj.get("status", {})
    if status.get("observedGeneration") != obj["metadata"]["generation"]:
        return {}
    return next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})


def wait_ready(narrator: Narrator, namespace: str) -> None:
    """Until all Microservices are Ready; each change on the way is one line."""
    begin, told = time.monotonic(), dict[str, str]()

    def look() -> bool:
        found = microservices(namespace)
        for name, obj in found.items():
            if not (condition := ready_condition(obj)):
                continue
            state = f"{condition['reason']} {obj['status'].get('ready', '')}"
            if told.get(name) != state:
                told[name] = state
                narrator.output(f"{time.monotonic() - begin:4.0f} s  {name:8} {state}")
        return bool(found) and all(ready_condition(obj).get("status") == "True" for obj in found.values())

    poll(narrator, look, f"all Microservices of {namespace} are Ready")


def request(url: str, host: str, body: str | None = None) -> Any:
    """The JSON answer through the gateway, to a POST if there is a body; None while there is none, or an error."""
    asked = urllib.request.Request(url, headers={"Host": host}, data=body.encode() if body else None)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):  # urllib wraps only some of what a connection may end with
        return None


class Load:
    """Requests at a fixed rate from a process of its own, which counts every failure."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answered(self) -> None:
        """Returns once answers have come. Raises DemoError if none come."""
        for _, line in zip(range(PATIENCE), self._process.stderr or (), strict=False):  # one line a second
            if " received " in line and " received 0 " not in line:
                return
        raise DemoError("no answer has come to the load generator")

    def end(self) -> Summary:
        """Stops sending, waits for what is under way, and returns the summary."""
        self._process.send_signal(signal.SIGTERM)
        try:
            out, _ = self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise DemoError(f"the load generator has not ended within {PATIENCE} s") from None
        summary: Summary = json.loads(out)
        if summary["sent"] != summary["received"] + summary["failed"]:
            raise DemoError(f"the load does not add up: {summary}")
        return summary


@contextmanager
def load(program: str, url: str, host: str, rate: int) -> Iterator[Load]:
    """A load that is gone afterwards, whatever happens; it ends by itself after 20 minutes at most."""
    settings = ["-url", url, "-host", host, "-rate", str(rate), "-duration", "20m", "-progress", "1s"]
    with load_of(program, "load", *settings) as begun:
        yield begun


@contextmanager
def load_of(*command: str) -> Iterator[Load]:
    """The load that a command makes, which is gone afterwards."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Load(process)
        finally:
            if process.poll() is None:
                process.kill()
