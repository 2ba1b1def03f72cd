"""The three kinds of cluster that the same commands work with."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

from devcluster.given import GivenCluster
from devcluster.kind import KindCluster
from devcluster.local import LocalCluster
from devcluster.options import Options
from devcluster.paths import ClusterPaths


class Cluster(Protocol):
    """What `hack/cluster` can do with a cluster. All methods raise ClusterError."""

    def build(self, options: Options) -> None:
        """Install and build what the cluster needs, without starting it."""

    def up(self, options: Options) -> None:
        """Start the cluster unless it runs."""

    def down(self) -> None:
        """End the cluster, and remove what a crash left of it."""

    def status(self) -> int:
        """Say what runs; 0 if the cluster is up, 1 if not."""

    def execute(self, argv: list[str]) -> int:
        """Run a command where the cluster's addresses can be reached; its exit code."""

    def load(self, archive: Path) -> int:
        """Give the nodes an image archive; an exit code."""

    def logs(self, component: str) -> str:
        """The log of a component."""

    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""


def choose(name: str, *, profile: str = "") -> Cluster:
    """The cluster of TRIMTAB_KUBECONFIG; else kind's where a Docker engine answers; else one in namespaces.

    A started cluster is found again by what it left. The profile `control-plane` needs no containers, so no engine.
    """
    paths = ClusterPaths(name=name)
    if given := os.environ.get("TRIMTAB_KUBECONFIG"):
        return GivenCluster(Path(given))
    if paths.record.exists() or profile == "control-plane":
        return LocalCluster(paths)
    return KindCluster(paths) if _docker_answers() else LocalCluster(paths)


def _docker_answers() -> bool:
    return bool(shutil.which("docker")) and subprocess.run(["docker", "version"], capture_output=True).returncode == 0
