"""What goes into each image."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from devcluster import wheels
from devcluster.errors import ClusterError
from devcluster.gotoolchain import go, go_environment
from devcluster.paths import HACK, PROJECT
from devcluster.progress import tail

DEMO_APP = HACK / "demo-app"
_PROXY = HACK / "proxy-image" / "Dockerfile"
_EMULATOR = (
    HACK / "aws-emulator" / "Dockerfile",
    HACK / "aws-emulator" / "aws",
    PROJECT / "tests" / "support" / "moto_corrections.py",
)
_LOCK = (PROJECT / "pyproject.toml", PROJECT / "uv.lock")
_UV = PROJECT / "operator" / "build-requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an engine is given: a Dockerfile, the folder that it copies from, and build arguments."""

    dockerfile: Path
    folder: Path
    arguments: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """How an image is made; two with the same text and the same inputs make the same image."""

    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that go into it."""

    def context(self) -> AbstractContextManager[Context]:
        """Prepares the build. Raises ClusterError."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator, as of a version."""

    version: str

    def inputs(self) -> tuple[Path, ...]:
        """See Recipe."""
        return (PROJECT / "operator", *_LOCK, PROJECT / "README.md", PROJECT / "LICENSE")

    @contextmanager
    def context(self) -> Iterator[Context]:
        """See Recipe."""
        dockerfile = PROJECT / "operator" / "Dockerfile"
        yield Context(dockerfile=dockerfile, folder=PROJECT, arguments={"VERSION": self.version})


@dataclass(frozen=True, slots=True)
class Proxy:
    """Envoy."""

    def inputs(self) -> tuple[Path, ...]:
        """See Recipe."""
        return (_PROXY, wheels.REQUIREMENTS)

    @contextmanager
    def context(self) -> Iterator[Context]:
        """See Recipe."""
        with _copies(_PROXY, wheels.ensure() / "envoy") as made:
            yield made


@dataclass(frozen=True, slots=True)
class AwsEmulator:
    """The emulator of AWS, in the version of uv.lock."""

    def inputs(self) -> tuple[Path, ...]:
        """See Recipe."""
        return (*_EMULATOR, *_LOCK, _UV)

    @contextmanager
    def context(self) -> Iterator[Context]:
        """See Recipe."""
        with _copies(*_EMULATOR, *_LOCK, _UV) as made:
            yield made


@dataclass(frozen=True, slots=True)
class DemoApp:
    """The demo's service, which says that it is of that version; run by `user` (uid:gid)."""

    version: str
    user: str = "10001:10001"

    def inputs(self) -> tuple[Path, ...]:
        """See Recipe."""
        return (DEMO_APP,)

    @contextmanager
    def context(self) -> Iterator[Context]:
        """See Recipe."""
        with _copies(DEMO_APP / "Dockerfile") as made:
            compile_demo_app(self.version, made.folder / "demo-app")
            yield Context(dockerfile=made.dockerfile, folder=made.folder, arguments={"USER": self.user})


def compile_demo_app(version: str, target: Path) -> None:
    """A static binary that says it is that version. Raises ClusterError."""
    settings = ["-trimpath", "-ldflags", f"-s -w -X main.version={version}", "-o", str(target)]
    command = ["nice", "-n", "5", go(), "build", *settings, "."]
    result = subprocess.run(
        command, cwd=DEMO_APP, env=go_environment() | {"CGO_ENABLED": "0"}, capture_output=True, text=True
    )
    if result.returncode != 0:
        raise ClusterError(f"building hack/demo-app failed:\n{tail(result.stderr)}")


@contextmanager
def _copies(dockerfile: Path, *files: Path) -> Iterator[Context]:
    """A folder with just these."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (dockerfile, *files):
            shutil.copy(file, folder / file.name)
        yield Context(dockerfile=folder / dockerfile.name, folder=folder)
