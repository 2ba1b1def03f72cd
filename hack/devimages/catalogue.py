"""Which images there are, and the cache of them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devcluster.locking import exclusive
from devcluster.paths import PROJECT, cache
from devcluster.progress import step
from devimages.engines import Engine
from devimages.recipes import DEMO_APP, AwsEmulator, DemoApp, Operator, Proxy, Recipe, compile_demo_app


@dataclass(frozen=True, slots=True)
class Image:
    """An image of that tag."""

    tag: str
    recipe: Recipe

    def archive(self, engine: Engine) -> Path:
        """The archive of the image, built unless the cache has it for the same inputs."""
        folder, prefix = cache() / "images", self.tag.replace(":", "-")
        target = folder / f"{prefix}-{_checksum(f'{self} {engine.key()}', self.recipe.inputs())}.tar"
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
        with self.recipe.context() as context:
            engine.build(self.tag, context.dockerfile, context.folder, context.arguments)
        engine.save(self.tag, scratch)
        scratch.rename(target)


IMAGES = (
    Image("trimtab:dev", Operator("dev")),
    Image("trimtab-proxy:dev", Proxy()),
    Image("trimtab-aws-emulator:dev", AwsEmulator()),
    *(Image(f"trimtab-demo-app:{version}", DemoApp(version)) for version in ("1.0.0", "2.0.0", "3.0.0")),
)
"""What the demo needs."""

TEST_IMAGES = (
    *IMAGES,
    Image("trimtab:dev-again", Operator("dev-again")),
    Image("trimtab-demo-app:root", DemoApp("root", user="0:0")),
)
"""What the end-to-end tests need: besides, the operator as if of another version, and a service that wants root."""


def demo_app() -> Path:
    """The demo's program for this machine, where its load generator is run from; built unless the cache has it."""
    target = cache() / "builds" / f"demo-app-{_checksum('demo-app', [DEMO_APP])}"
    with exclusive(cache() / "locks" / "demo-app", "it builds the demo app"):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            compile_demo_app("load", target.with_suffix(".part"))
            target.with_suffix(".part").rename(target)
    return target


def _checksum(settings: str, inputs: Iterable[Path]) -> str:
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
        if file.is_file() and "__pycache__" not in file.parts and file != DEMO_APP / "demo-app":
            yield file
