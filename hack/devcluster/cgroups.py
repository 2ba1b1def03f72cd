"""The control group of one cluster, in version 1 and version 2 of cgroups(7), and the share of the CPU that it has.

As on a real node, all system processes together have the share of one processor, and the pods (the group `kubepods`
of the kubelet) have that of all processors. Without it each component would weigh as much as all pods together, and
pods would starve whenever some components are busy.
"""

import os
import time
from pathlib import Path

from devcluster.errors import ClusterError

_MOUNT = Path("/sys/fs/cgroup")
_V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")
_END_SECONDS = 30
_SYSTEM = "system"

_SHARES, _WEIGHT = 1024, 100
"""What v1 and v2 give a group that says nothing."""

_SYSTEM_WEIGHT = 39
"""Into this a kubelet converts 1024 shares where it writes weights."""


def create(name: str) -> None:
    """Make the group, which a kubelet refuses to miss, and put this process and all that it starts into its part of
    the system.
    """
    for root in _roots(name):
        root.mkdir(exist_ok=True)
    if _unified():
        _delegate_controllers(name)
    else:
        _admit_processes(name)
    _set_share(name)
    _join(name)


def _delegate_controllers(name: str) -> None:
    """A v2 group has only the controllers that its parent hands down."""
    for group in (_MOUNT, _MOUNT / name):
        available = (group / "cgroup.controllers").read_text().split()
        wanted = " ".join(f"+{controller}" for controller in _V2_CONTROLLERS if controller in available)
        (group / "cgroup.subtree_control").write_text(wanted)


def _admit_processes(name: str) -> None:
    """A new v1 cpuset group has no processors and no memory nodes, and until it has some it admits no process."""
    parent = _MOUNT / "cpuset"
    for setting in ("cpuset.cpus", "cpuset.mems", "cpus", "mems"):  # the short names where mounted with `noprefix`
        if (parent / setting).exists():
            (parent / name / setting).write_text((parent / setting).read_text())


def _set_share(name: str) -> None:
    """Against all else on the machine, the cluster has what its pods and its system have together."""
    parts = (os.cpu_count() or 1) + 1
    if _unified():
        (_MOUNT / name / "cpu.weight").write_text(str(_WEIGHT * parts))
    else:
        (_MOUNT / "cpu" / name / "cpu.shares").write_text(str(_SHARES * parts))


def _join(name: str) -> None:
    system = (_MOUNT if _unified() else _MOUNT / "cpu") / name / _SYSTEM
    system.mkdir(exist_ok=True)
    if _unified():
        (system / "cpu.weight").write_text(str(_SYSTEM_WEIGHT))
    (system / "cgroup.procs").write_text("0")  # the writer itself


def remove(name: str) -> None:
    """Remove the group and all under it, once its processes have ended."""
    deadline = time.monotonic() + _END_SECONDS
    for root in _roots(name):
        while root.exists():
            for folder, _, _ in os.walk(root, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError as error:  # its last processes are still being reaped
                    if time.monotonic() > deadline:
                        raise ClusterError(f"cannot remove control group {folder}: {error.strerror}") from error
            if root.exists():
                time.sleep(0.05)


def _unified() -> bool:
    return (_MOUNT / "cgroup.controllers").exists()


def _roots(name: str) -> list[Path]:
    """Once in all (v2), or once per controller's mount (v1)."""
    if _unified():
        return [_MOUNT / name]
    mounts = _MOUNT.iterdir() if _MOUNT.exists() else ()
    return [mount / name for mount in sorted(mounts) if mount.is_dir() and not mount.is_symlink()]
