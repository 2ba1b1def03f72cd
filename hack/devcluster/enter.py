"""Run a command inside a cluster's namespaces, as if it were here: directory, streams, signals and exit code."""

import os
import signal
import sys

from devcluster import isolation

_FORWARDED = {
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
}  # fmt: skip


def run(pid: int, argv: list[str], environment: dict[str, str]) -> int:
    """Run `argv` in the namespaces of `pid`; its exit code, or this process ends by the signal that ended it."""
    directory = os.getcwd()
    watched = _FORWARDED | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    isolation.join(pid)
    child = os.fork()
    if child == 0:
        try:
            isolation.die_with_parent(signal.SIGTERM)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.chdir(directory)
            os.execvpe(argv[0], argv, environment)
        except OSError as error:
            print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    return _end_as(_wait(child, watched))


def _wait(child: int, watched: set[signal.Signals]) -> int:
    """Pass signals on until the child ends. Those of the terminal (Ctrl-C) reach the child by themselves."""
    while True:
        received = signal.sigwaitinfo(watched)
        if received.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if ended and not os.WIFSTOPPED(status):
                return status
            if ended:
                os.kill(os.getpid(), signal.SIGSTOP)
                os.kill(child, signal.SIGCONT)
        elif received.si_code <= 0:  # sent by a process: sigaction(2)
            os.kill(child, received.si_signo)


def _end_as(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    if code < 0 and -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    return code if code >= 0 else 128 - code
