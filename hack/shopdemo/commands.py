"""The commands of the demo, run inside the cluster's network, and how it waits for what they bring about."""

import json
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shopdemo.narrator import Narrator

T = TypeVar("T")
POLL_SECONDS = 0.5


class DemoError(Exception):
    """Something did not go as it should; the text says what, for a person."""


def show(narrator: Narrator, line: str, *, quiet: bool = False) -> str:
    """Runs a command line and shows it with its output (`quiet`: without). Raises DemoError if it fails."""
    narrator.command(line)
    text = run(*shlex.split(line))
    if not quiet:
        narrator.output(text)
    return text


def live(narrator: Narrator, line: str, seconds: float = 300) -> int:
    """Runs a command that draws by itself on a terminal; elsewhere its lines are output as they come. Its exit code."""
    narrator.command(line)
    if sys.stdout.isatty():
        return subprocess.run(shlex.split(line), timeout=seconds, stdin=subprocess.DEVNULL).returncode
    with subprocess.Popen(shlex.split(line), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        for text in process.stdout or ():
            narrator.output(text)
        return process.wait(timeout=seconds)


def run(*command: str, seconds: float = 180) -> str:
    """The output of a command. Raises DemoError with its complaint if it fails or takes too long."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise DemoError(f"not done within {seconds:.0f} s: {shlex.join(command)}") from None
    if result.returncode != 0:
        raise DemoError(f"{shlex.join(command)}\n{(result.stdout + result.stderr).strip()}")
    return result.stdout


def poll(look: Callable[[], T | None], what: str, seconds: float) -> T:
    """The first answer of `look` that is true. Raises DemoError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise DemoError(f"{what}: not within {seconds:.0f} s")
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


def wait_ready(narrator: Narrator, namespace: str, seconds: float = 150) -> None:
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

    poll(look, f"all Microservices of {namespace} are Ready", seconds)


def request(url: str, host: str, body: str | None = None) -> Any:
    """The JSON answer through the gateway, to a POST if there is a body; None while there is none, or an error."""
    asked = urllib.request.Request(url, headers={"Host": host}, data=body.encode() if body else None)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, TimeoutError, ValueError):
        return None


class Load:
    """Requests at a fixed rate from a process of its own, which counts every failure."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def end(self) -> dict[str, Any]:
        """Stops sending, waits for what is under way, and returns the summary."""
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=15)
        summary: dict[str, Any] = json.loads(out)
        if summary["sent"] != summary["received"] + summary["failed"]:
            raise DemoError(f"the load does not add up: {summary}")
        return summary


@contextmanager
def load(program: str, url: str, host: str, rate: int) -> Iterator[Load]:
    """A load that is gone afterwards, whatever happens; it ends by itself after six minutes at most."""
    command = [program, "load", "-url", url, "-host", host, "-rate", str(rate), "-duration", "6m", "-progress", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield Load(process)
        finally:
            if process.poll() is None:
                process.kill()
