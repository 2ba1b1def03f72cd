"""Namespaces of our own: how a process gets into new ones, and how a later process joins them.

Root makes network, mount and process namespaces directly. Anybody else makes a user namespace around them first, in
which he is root over nothing but them (user_namespaces(7)).
"""

import ctypes
import os
from pathlib import Path

from devcluster.errors import ClusterError

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def launch(argv: list[str], log: Path, inherited: tuple[int, ...]) -> int:
    """Start `argv` as PID 1 of new namespaces, detached from this terminal; its process id as seen from here.

    Its output goes to `log`; the file descriptors `inherited` stay open in it.
    """
    reader, writer = os.pipe()
    intermediate = os.fork()
    if intermediate == 0:
        try:
            os.close(reader)
            os.setsid()
            _unshare()
            first = os.fork()
            if first == 0:
                os.close(writer)
                _become(argv, log, inherited)
            os.write(writer, str(first).encode())
        except OSError as error:
            os.write(writer, f"error {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(intermediate, 0)
    with os.fdopen(reader) as answer:
        text = answer.read()
    if not text.isdigit():
        raise ClusterError(f"cannot make namespaces ({text.removeprefix('error ')}); run as root")
    return int(text)


def _unshare() -> None:
    flags = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(flags if user == 0 else flags | _CLONE_NEWUSER), "unshare")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _become(argv: list[str], log: Path, inherited: tuple[int, ...]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, source in enumerate((null, output, output)):
        os.dup2(source, target)
    for descriptor in inherited:
        os.set_inheritable(descriptor, True)
    os.execv(argv[0], argv)


def join(pid: int) -> None:
    """Move this process into the namespaces of `pid`; only its children are in the process namespace."""
    kinds = ["user"] if os.geteuid() != 0 else []
    handles = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in [*kinds, "net", "pid", "mnt"]]
    for handle in handles:
        _check(_libc.setns(handle, 0), "setns")
        os.close(handle)


def mount(source: str, target: Path, kind: str, flags: int = 0) -> None:
    """mount(2); OSError as it reports."""
    arguments = (source.encode(), str(target).encode(), kind.encode() if kind else None, flags, None)
    _check(_libc.mount(*arguments), f"mount {target}")


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send `signal_number` to this process when its parent ends (PR_SET_PDEATHSIG, prctl(2))."""
    _check(_libc.prctl(1, signal_number, 0, 0, 0), "prctl")


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
