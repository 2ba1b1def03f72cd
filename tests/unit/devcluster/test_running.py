import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import running
from devcluster.errors import ClusterError
from devcluster.paths import ClusterPaths

Process = subprocess.Popen[bytes]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterPaths:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = ClusterPaths(name="unit-test")
    paths.state.mkdir(parents=True)
    return paths


@pytest.fixture
def process() -> Iterator[Process]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def test_a_recorded_process_is_found_while_it_runs(paths: ClusterPaths, process: Process) -> None:
    running.record(paths, running.Running.of(process.pid))

    found = running.find(paths)
    assert found is not None
    assert found.pid == process.pid


def test_an_ended_process_is_not_found_even_before_it_is_reaped(paths: ClusterPaths, process: Process) -> None:
    running.record(paths, running.Running.of(process.pid))
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert running.find(paths) is None


def test_another_process_that_got_the_same_id_is_not_taken_for_the_cluster(
    paths: ClusterPaths, process: Process
) -> None:
    ours = running.Running.of(process.pid)

    assert not dataclasses.replace(ours, started=ours.started - 1).alive()
    assert not dataclasses.replace(ours, boot="another boot").alive()


def test_remove_ends_the_process_and_leaves_no_file(paths: ClusterPaths, process: Process) -> None:
    running.record(paths, running.Running.of(process.pid))

    running.remove(paths)

    assert process.wait(timeout=60) == -9
    assert not paths.state.exists()


def test_remove_of_a_cluster_that_never_was_is_fine(paths: ClusterPaths) -> None:
    running.remove(paths)
    running.remove(paths)

    assert running.find(paths) is None


def test_a_process_that_is_gone_cannot_be_recorded(process: Process) -> None:
    process.kill()
    process.wait()

    with pytest.raises(ClusterError):
        running.Running.of(process.pid)


@pytest.mark.parametrize("name", ["", "../dev", "Dev", "-x", "a" * 32])
def test_a_name_that_is_no_plain_folder_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="--name"):
        ClusterPaths(name=name)
