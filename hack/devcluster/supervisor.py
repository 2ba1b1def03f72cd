"""PID 1 of the cluster's namespaces: starts the components, restarts those that die, takes all with it when it ends.

Started by `up` as `python3 supervisor.py SPEC PROGRESS-FD`. It tells its progress on that pipe; when the other end goes
away before the cluster is ready, this process ends, and with it every process of the cluster.
"""

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TextIO

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from devcluster import running, sandbox
from devcluster.component import Component
from devcluster.errors import ClusterError
from devcluster.progress import tail
from devcluster.spec import ClusterSpec

_DEADLINE_SECONDS = 300
_POLL_SECONDS = 0.05
_RESTART_SECONDS = 1


class Supervisor:
    """The running components of one cluster."""

    def __init__(self, spec: ClusterSpec, progress: TextIO) -> None:
        self.spec = spec
        self._progress = progress
        self._running: dict[int, Component] = {}
        self._started = time.monotonic()

    def say(self, message: str) -> None:
        """Tell the person who waits for the cluster."""
        print(f"{message} ({time.monotonic() - self._started:.1f} s)", file=self._progress, flush=True)

    def start(self, component: Component) -> None:
        """Start a component; its output goes to its log, its process id to `pids/`, for tests that kill it."""
        log = os.open(self._log(component.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        actions = [no_input, (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home())} | component.environment
        pid = os.posix_spawn(component.argv[0], component.argv, environment, file_actions=actions, setsid=True)
        os.close(log)
        self._running[pid] = component
        pids = self.spec.paths.state / "pids"
        pids.mkdir(exist_ok=True)
        (pids / component.name).write_text(str(pid))

    def wait_for(self, what: str, ready: Callable[[], bool], *components: str) -> None:
        """Poll until `ready`; ClusterError with the log when one of `components` dies, or at the deadline."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not ready():
            self._fail_on_death(components)
            self._fail_if_forsaken()
            if time.monotonic() > deadline:
                raise ClusterError(f"{what} not ready after {_DEADLINE_SECONDS} s\n{self._tails(components)}")
            time.sleep(_POLL_SECONDS)
        self.say(what)

    def watch(self) -> NoReturn:
        """Reap processes for ever, and start components again that ended."""
        while True:
            pid, status = os.wait()
            component = self._running.pop(pid, None)
            if component is not None:
                print(f"{component.name} ended: {_describe(status)}; starting it again", flush=True)
                time.sleep(_RESTART_SECONDS)
                self.start(component)

    def _fail_on_death(self, components: tuple[str, ...]) -> None:
        for pid, component in self._running.items():
            if component.name in components:
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    raise ClusterError(f"{component.name} ended: {_describe(status)}\n{self._tails((component.name,))}")

    def _fail_if_forsaken(self) -> None:
        """Nobody would know of a cluster whose `up` was killed: poll(2) reports a pipe without a reader as an error."""
        poller = select.poll()
        poller.register(self._progress, 0)
        if poller.poll(0):
            raise ClusterError("the command that started the cluster has ended")

    def _log(self, name: str) -> Path:
        return self.spec.paths.logs / f"{name}.log"

    def _tails(self, components: tuple[str, ...]) -> str:
        return "\n".join(f"  {self._log(name)}:\n{tail(self._log(name).read_text())}" for name in components)


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def main() -> None:
    """Bring the cluster up, report `ready` or `failed`, and look after it."""
    from devcluster import control_plane, full

    spec = ClusterSpec.read(Path(sys.argv[1]))
    profiles = {"control-plane": control_plane.start, "full": full.start}
    with os.fdopen(int(sys.argv[2]), "w") as progress:
        os.set_inheritable(progress.fileno(), False)
        supervisor = Supervisor(spec, progress)
        try:
            sandbox.prepare(spec)
            profiles[spec.profile](supervisor)
        except BaseException as error:
            traceback.print_exc()
            sys.stderr.flush()
            with contextlib.suppress(OSError):
                print(f"failed: {error}", file=progress, flush=True)
            os._exit(1)
        running.mark_ready(spec.paths)
        print("ready", file=progress, flush=True)
    supervisor.watch()


if __name__ == "__main__":
    main()
