"""Which images there are, and what goes into each."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster import wheels
from devcluster.errors import ClusterError
from devcluster.gotoolchain import go, go_environment
from devcluster.locking import exclusive
from devcluster.paths import HACK, PROJECT, cache
from devcluster.progress import step, tail
from devimages.engines import Engine

_OPERATOR_INPUTS = ("operator", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
_DEMO_APP = HACK / "demo-app"
_PROXY = HACK / "proxy-image" / "Dockerfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The operator's image, or the demo's service as `demo_version`, run by `user` (uid:gid), or the `proxy`."""

    tag: str
    demo_version: str = ""
    proxy: bool = False
    user: str = "10001:10001"

    def archive(self, engine: Engine) -> Path:
        """The archive of the image, built unless the cache has it for the same inputs."""
        folder, prefix = cache() / "images", self.tag.replace(":", "-")
        target = folder / f"{prefix}-{self._key(engine)}.tar"
        with exclusive(cache() / "locks" / "images", "it builds images"):
            if not target.exists():
                folder.mkdir(exist_ok=True)
                with step(f"building {self.tag}"):
                    self._build(engine, target)
                for old in folder.glob(f"{prefix}-{'?' * 16}.tar"):
                    if old != target:
                        old.unlink()
        return target

    def _build(self, engine: Engine, target: Path) -> None:
        scratch = target.with_suffix(".part")
        scratch.unlink(missing_ok=True)
        if self.demo_version:
            with self._demo_context() as context:
                engine.build(self.tag, context / "Dockerfile", context, {"USER": self.user})
        elif self.proxy:
            with _proxy_context() as context:
                engine.build(self.tag, context / "Dockerfile", context, {})
        else:
            engine.build(self.tag, PROJECT / "operator" / "Dockerfile", PROJECT, {"VERSION": self.tag.split(":")[1]})
        engine.save(self.tag, scratch)
        scratch.rename(target)

    @contextmanager
    def _demo_context(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            context = Path(folder)
            shutil.copyfile(_DEMO_APP / "Dockerfile", context / "Dockerfile")
            compile_demo_app(self.demo_version, context / "demo-app")
            yield context

    def _key(self, engine: Engine) -> str:
        if self.proxy:
            inputs = [_PROXY, wheels.REQUIREMENTS]
        else:
            inputs = [_DEMO_APP] if self.demo_version else [PROJECT / name for name in _OPERATOR_INPUTS]
        return _checksum(f"{self} {engine.key()}", inputs)


@contextmanager
def _proxy_context() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copyfile(_PROXY, context / "Dockerfile")
        shutil.copy(wheels.ensure() / "envoy", context / "envoy")
        yield context


IMAGES = (
    Image(tag="trimtab:dev"),
    Image(tag="trimtab-proxy:dev", proxy=True),
    Image(tag="trimtab-demo-app:1.0.0", demo_version="1.0.0"),
    Image(tag="trimtab-demo-app:2.0.0", demo_version="2.0.0"),
    Image(tag="trimtab-demo-app:3.0.0", demo_version="3.0.0"),
)
"""What the demo needs."""

TEST_IMAGES = (
    *IMAGES,
    Image(tag="trimtab:dev-again"),
    Image(tag="trimtab-demo-app:root", demo_version="root", user="0:0"),
)
"""What the end-to-end tests need: besides, the operator as if of another version, and a service that wants root."""


def demo_app() -> Path:
    """The demo's program for this machine, where its load generator is run from; built unless the cache has it."""
    target = cache() / "builds" / f"demo-app-{_checksum('demo-app', [_DEMO_APP])}"
    with exclusive(cache() / "locks" / "demo-app", "it builds the demo app"):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            compile_demo_app("load", target.with_suffix(".part"))
            target.with_suffix(".part").rename(target)
    return target


def compile_demo_app(version: str, target: Path) -> None:
    """A static binary that says it is that version. Raises ClusterError."""
    command = [go(), "build", "-trimpath", "-ldflags", f"-s -w -X main.version={version}", "-o", str(target), "."]
    result = subprocess.run(
        command, cwd=_DEMO_APP, env=go_environment() | {"CGO_ENABLED": "0"}, capture_output=True, text=True,
        preexec_fn=lambda: os.nice(5) and None,  # nothing else runs in this process yet
    )  # fmt: skip
    if result.returncode != 0:
        raise ClusterError(f"building hack/demo-app failed:\n{tail(result.stderr)}")


def _checksum(settings: str, inputs: list[Path]) -> str:
    digest = hashlib.sha256(settings.encode())
    for file in sorted(file for path in inputs for file in _files(path)):
        digest.update(f"{file.relative_to(PROJECT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    """The sources below a path; neither bytecode nor a binary that somebody built in place."""
    if path.is_file():
        yield path
        return
    for file in path.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts and file != _DEMO_APP / "demo-app":
            yield file
