import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HACK = Path(__file__).resolve().parents[3] / "hack"

# Joining namespaces needs a cluster; everything else of running a command in one does not.
RUN = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from devcluster import enter, isolation
# A shell in the background, or nohup, has its children ignore them, and then `sh` cannot trap them either.
for ignored in (signal.SIGINT, signal.SIGHUP):
    signal.signal(ignored, signal.SIG_DFL)
isolation.join = lambda pid: os.chdir("/")
sys.exit(enter.run(0, sys.argv[2:], dict(os.environ, WHO="inside")))
"""


def start(*argv: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    command, pipe = [sys.executable, "-c", RUN, str(HACK), *argv], subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_directory_environment_and_streams_are_kept(tmp_path: Path) -> None:
    with start("sh", "-c", "pwd; echo $WHO; cat", cwd=tmp_path) as process:
        output, _ = process.communicate("typed\n", timeout=60)

    assert output.split() == [str(tmp_path), "inside", "typed"]


@pytest.mark.parametrize("code", [0, 42])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    with start("sh", "-c", f"exit {code}") as process:
        assert process.wait(timeout=60) == code


def test_a_command_that_does_not_exist_ends_as_in_a_shell() -> None:
    with start("no-such-command") as process:
        _, error = process.communicate(timeout=60)

    assert process.returncode == 127
    assert "no-such-command" in error


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_a_signal_reaches_the_command_once(name: str) -> None:
    script = f"trap 'echo got it' {name.removeprefix('SIG')}; echo ready; while read line; do :; done; exit 0"
    with start("sh", "-c", script) as process:
        assert line(process) == "ready\n"
        process.send_signal(signal.Signals[name])
        assert line(process) == "got it\n"
        rest, _ = process.communicate("", timeout=60)

    assert (rest, process.returncode) == ("", 0)


def test_a_command_that_a_signal_ends_ends_this_process_by_the_same() -> None:
    with start("sh", "-c", "kill -TERM $$") as process:
        assert process.wait(timeout=60) == -signal.SIGTERM


def test_the_command_does_not_outlive_a_killed_parent() -> None:
    with start("sh", "-c", "echo $$; exec cat") as process:
        child = int(line(process))
        ended = os.pidfd_open(child)
        process.kill()
        process.wait()
        # Its pipe is still open on our side, so nothing but a signal ends it.
        assert select.select([ended], [], [], 60)[0]
        os.close(ended)
