"""Who builds images: a Docker engine, or buildah, which needs no engine and no registry."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from devcluster.errors import ClusterError
from devcluster.paths import HACK
from devcluster.progress import step, tail

_CERTIFICATES = Path("/etc/ssl/certs")
_FORWARDED = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX")
_DEBIAN = ("trixie", "python3,ca-certificates")
_UNNEEDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


class Engine(Protocol):
    """Builds an image from a Dockerfile, and writes it as an archive that container runtimes import."""

    def key(self) -> str:
        """What of the engine goes into the result."""

    def build(self, tag: str, dockerfile: Path, context: Path, arguments: Mapping[str, str]) -> None:
        """Build `dockerfile` with build arguments. Raises ClusterError with the end of the output."""

    def save(self, tag: str, archive: Path) -> None:
        """Write the image of that tag. Raises ClusterError."""


def choose() -> Engine:
    """Docker if its engine answers, else buildah, installed if missing."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        return Docker()
    if subprocess.run([HACK / "bootstrap", "images"]).returncode != 0:
        raise ClusterError("packages are missing (see above)")
    return Buildah()


class Docker:
    """The Docker engine; the base is the Dockerfile's own default."""

    def key(self) -> str:
        """See Engine."""
        return "docker"

    def build(self, tag: str, dockerfile: Path, context: Path, arguments: Mapping[str, str]) -> None:
        """See Engine."""
        _run(["docker", "build", "--file", dockerfile, "--tag", tag, *_arguments({**arguments, **_indexes()}), context])

    def save(self, tag: str, archive: Path) -> None:
        """See Engine."""
        _run(["docker", "save", "--output", archive, tag])


class Buildah:
    """buildah in chroot isolation, on a Debian base that mmdebstrap makes from packages alone."""

    def key(self) -> str:
        """See Engine."""
        return f"buildah {_DEBIAN} {_UNNEEDED}"

    def build(self, tag: str, dockerfile: Path, context: Path, arguments: Mapping[str, str]) -> None:
        """See Engine."""
        extra = dict(_indexes())
        if "ARG BASE" in dockerfile.read_text():
            extra["BASE"] = self._base()
        mounts: list[str] = []
        if (_CERTIFICATES / "ca-certificates.crt").exists():
            extra["SSL_CERT_FILE"] = str(_CERTIFICATES / "ca-certificates.crt")
            mounts = ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"]
        options = ["--layers", "--format", "oci", "--ignorefile", f"{dockerfile}.dockerignore"]
        if not Path(options[-1]).exists():
            options = options[:-2]
        options += [*mounts, "--file", str(dockerfile), "--tag", _local(tag), *_arguments({**arguments, **extra})]
        _run(["buildah", "build-using-dockerfile", "--quiet", *options, context])

    def save(self, tag: str, archive: Path) -> None:
        """See Engine. The name is what container runtimes take a short name for; nobody downloads it, so no gzip."""
        _run(
            [
                "buildah",
                "push",
                "--quiet",
                "--disable-compression",
                _local(tag),
                f"oci-archive:{archive}:docker.io/library/{tag}",
            ]
        )

    def _base(self) -> str:
        name = f"localhost/trimtab-base:{hashlib.sha256(self.key().encode()).hexdigest()[:12]}"
        if subprocess.run(["buildah", "inspect", "--type", "image", name], capture_output=True).returncode == 0:
            return name
        suite, packages = _DEBIAN
        with step(f"making a Debian {suite} with Python, once"), tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch) / "root.tar"
            excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNNEEDED]
            _run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", *excluded, suite, root])
            container = _run(["buildah", "from", "scratch"]).strip()
            try:
                _run(["buildah", "add", "--quiet", container, root, "/"])
                _run(["buildah", "commit", "--quiet", container, name])
            finally:
                _run(["buildah", "rm", container])
        return name


def _local(tag: str) -> str:
    return f"localhost/{tag}"


def _indexes() -> dict[str, str]:
    """The package indexes of this environment: they are given to the build, never written into an image."""
    return {name: os.environ[name] for name in _FORWARDED if name in os.environ}


def _arguments(arguments: Mapping[str, str]) -> list[str]:
    return [part for name, value in sorted(arguments.items()) for part in ("--build-arg", f"{name}={value}")]


def _run(command: list[str | Path]) -> str:
    environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
    result = subprocess.run(
        ["nice", *map(str, command)], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode != 0:
        raise ClusterError(f"{' '.join(map(str, command[:2]))} failed:\n{tail(result.stdout + result.stderr, 30)}")
    return result.stdout
