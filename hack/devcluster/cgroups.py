"""The control group under which one cluster's pods live, in version 1 and version 2 of cgroups(7)."""

import os
import time
from pathlib import Path

from devcluster.errors import ClusterError

_MOUNT = Path("/sys/fs/cgroup")
_V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")
_END_SECONDS = 30


def create(name: str) -> None:
    """Make the group; a kubelet refuses a `cgroupRoot` that is not there."""
    for root in _roots(name):
        root.mkdir(exist_ok=True)
    if _unified():
        _delegate_controllers(name)
    else:
        _admit_processes(name)


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
