"""Configuration files with the cluster's own paths filled in."""

from pathlib import Path

from devcluster.paths import MANIFESTS
from devcluster.spec import ClusterSpec


def fill(spec: ClusterSpec, name: str, target: Path | None = None) -> Path:
    """Write the template `name` into the state directory (or to `target`); the path written."""
    text = (MANIFESTS / name).read_text()
    path = target or spec.paths.state / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("@STATE@", str(spec.paths.state)).replace("@CGROUP@", spec.paths.cgroup))
    return path
