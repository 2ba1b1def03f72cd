"""Where things live: the cache of built parts, and one state directory per cluster."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import ClusterError

HACK = Path(__file__).resolve().parent.parent
PROJECT = HACK.parent
GO_MODULES = HACK / "devcluster" / "go"
MANIFESTS = HACK / "devcluster" / "manifests"


def cache() -> Path:
    """The folder for everything that is kept between runs, made if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base) / "trimtab"
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPaths:
    """The files of the cluster called `name`."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", self.name):
            raise ClusterError(f"--name {self.name!r}: use 1-31 lower-case letters, digits and dashes")

    @property
    def state(self) -> Path:
        """The directory that `down` removes."""
        return cache() / "clusters" / self.name

    @property
    def lock(self) -> Path:
        """The file that serialises `up` and `down`; outside of the state, which `down` removes."""
        return cache() / "locks" / f"cluster-{self.name}"

    @property
    def record(self) -> Path:
        """Who runs: process, profile, versions (JSON)."""
        return self.state / "cluster.json"

    @property
    def ready(self) -> Path:
        """There once the cluster has started completely."""
        return self.state / "ready"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, valid inside the namespaces."""
        return self.state / "admin.kubeconfig"

    @property
    def logs(self) -> Path:
        """One log file per component."""
        return self.state / "logs"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log: one JSON event a line."""
        return self.state / "audit.log"

    @property
    def cgroup(self) -> str:
        """The cgroup under which the kubelet of this cluster puts its pods."""
        return f"trimtab-{self.name}"
