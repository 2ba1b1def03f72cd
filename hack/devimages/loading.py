"""Images into a cluster."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from devcluster.errors import ClusterError
from devcluster.paths import HACK, ClusterPaths
from devcluster.progress import step
from devimages import engines
from devimages.catalogue import Image


def build(images: Iterable[Image]) -> dict[str, Path]:
    """The archive of each image by its tag, built where the cache lacks it."""
    engine = engines.choose()
    return {image.tag: image.archive(engine) for image in images}


def load(cluster: str, archives: dict[str, Path]) -> None:
    """Import the archives that the cluster of that name does not have yet. Raises ClusterError."""
    for tag, archive in archives.items():
        marker = ClusterPaths(name=cluster).state / "images" / archive.name
        if not marker.exists():
            with step(f"loading {tag}"):
                _import(cluster, archive)
            if marker.parent.parent.exists():
                marker.parent.mkdir(exist_ok=True)
                marker.touch()


def _import(cluster: str, archive: Path) -> None:
    command: list[str | Path] = [HACK / "cluster", "load", "--name", cluster, archive]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise ClusterError(f"{archive.name} could not be loaded: {(result.stdout + result.stderr).strip()}")
