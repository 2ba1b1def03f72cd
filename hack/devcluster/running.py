"""Which cluster runs: the record of its first process, and the certain end of it and of all that it made."""

import json
import os
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from devcluster import cgroups
from devcluster.errors import ClusterError
from devcluster.paths import ClusterPaths

_END_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A cluster's first process; `started` (clock ticks since boot) and `boot` tell it from a later one of its id."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Running":
        """The record of a process that was just started."""
        started = _start_ticks(pid)
        if started is None:
            raise ClusterError("the cluster's first process ended at once")
        return cls(pid=pid, started=started, boot=_boot())

    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return self.boot == _boot() and _start_ticks(self.pid) == self.started


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); None for a process that is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def record(paths: ClusterPaths, running: Running) -> None:
    """Remember the first process."""
    paths.record.write_text(json.dumps(asdict(running)))


def find(paths: ClusterPaths) -> Running | None:
    """The running cluster; None if there is none, whatever a crash left behind."""
    try:
        running = Running(**json.loads(paths.record.read_text()))
    except FileNotFoundError:
        return None
    return running if running.alive() else None


def mark_ready(paths: ClusterPaths) -> None:
    """Remember that the start is complete."""
    paths.ready.touch()


def remove(paths: ClusterPaths) -> None:
    """End the cluster if it runs, and remove what is left of it: control groups and the state directory."""
    running = find(paths)
    if running is not None:
        os.kill(running.pid, signal.SIGKILL)  # the kernel then kills everything in its namespaces
        _wait_for_end(running)
    cgroups.remove(paths.cgroup)
    _remove_state(paths)


def _wait_for_end(running: Running) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while running.alive():
        if time.monotonic() > deadline:
            raise ClusterError(f"process {running.pid} is still there {_END_SECONDS} s after it was killed")
        time.sleep(0.05)


def _remove_state(paths: ClusterPaths) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while paths.state.exists():
        try:
            shutil.rmtree(paths.state)
        except OSError as error:  # a process that is ending still writes a file
            if time.monotonic() > deadline:
                raise ClusterError(f"cannot remove {paths.state}: {error}") from error
            time.sleep(0.05)
