"""Compile or download a part with Go once, and keep the result under a checksum of everything that went into it."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import ClusterError
from devcluster.gotoolchain import go, go_environment, go_version
from devcluster.locking import exclusive
from devcluster.paths import cache
from devcluster.progress import say, tail

_REPORT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBuild:
    """One binary: `package` of the module made of `sources` (path in the module -> file), linked with `ldflags`.

    Without `package` there is no binary, only `copies`.
    `copies` are files of required modules to keep beside the binary: module path -> file in it -> our name for it.
    `commands` are further names for a binary that looks at the name it was started under.
    """

    name: str
    sources: dict[str, Path]
    package: str = ""
    ldflags: str = "-s -w"
    commands: tuple[str, ...] = ()
    copies: tuple[tuple[str, str, str], ...] = ()

    def key(self) -> str:
        """The checksum of all inputs: sources, pinned dependencies, flags and the Go version."""
        settings = [self.package, self.ldflags, self.commands, self.copies, _module_go_version(self.sources["go.mod"])]
        digest = hashlib.sha256(json.dumps(settings).encode())
        for path in sorted(self.sources):
            digest.update(path.encode() + b"\0" + hashlib.sha256(self.sources[path].read_bytes()).digest())
        return digest.hexdigest()[:16]

    def directory(self) -> Path:
        """Where the result is, or will be."""
        return cache() / "builds" / f"{self.name}-{self.key()}"

    def ensure(self) -> Path:
        """Build unless the cache has it; the directory of the result, which holds `bin/` and `share/`."""
        target = self.directory()
        if target.exists():
            return target
        with exclusive(cache() / "locks" / f"build-{self.name}", f"it builds {self.name}"):
            if not target.exists():
                self._build(target)
        return target

    def _build(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
            module = Path(scratch) / "module"
            for path, file in self.sources.items():
                (module / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, module / path)
            result = Path(scratch) / "result"
            (result / "bin").mkdir(parents=True)
            (result / "share").mkdir()
            if self.package:
                binary = result / "bin" / self.name.split("-v")[0]
                _compile(self, module, binary)
                for command in self.commands:
                    (result / "bin" / command).symlink_to(binary.name)
            else:
                _download(self, module)
            for dependency, copied, name in self.copies:
                _copy(module, dependency, copied, result / "share" / name)
            result.rename(target)


def _module_go_version(go_mod: Path) -> str:
    wanted = next(line.split()[1] for line in go_mod.read_text().splitlines() if line.startswith("go "))
    return f"{wanted} by {go_version(str(go_mod.parent))}"


def _compile(build: GoBuild, module: Path, binary: Path) -> None:
    command = [go(), "build", "-trimpath", "-v", "-ldflags", build.ldflags, "-o", str(binary), build.package]
    say(f"  building {build.name} (once; later runs take it from the cache)")
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=module,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.nice(5) and None,
    ) as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stderr or []))
        reader.start()
        try:
            while reader.is_alive():
                reader.join(_REPORT_SECONDS)
                if reader.is_alive():
                    say(f"    {build.name}: {time.monotonic() - started:4.0f} s, {_compiled(lines)} packages compiled")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise ClusterError(f"building {build.name} failed:\n{tail(''.join(lines))}")
    say(f"  built {build.name} in {time.monotonic() - started:.0f} s")


def _download(build: GoBuild, module: Path) -> None:
    """Fetch the modules that are only copied from; go.sum has their checksums."""
    command = [go(), "mod", "download", *sorted({dependency for dependency, _, _ in build.copies})]
    result = subprocess.run(command, cwd=module, env=go_environment(), capture_output=True, text=True)
    if result.returncode != 0:
        raise ClusterError(f"downloading {build.name} failed:\n{tail(result.stderr)}")


def _compiled(lines: list[str]) -> int:
    return sum(not line.startswith("go: ") for line in lines)


def _copy(module: Path, dependency: str, file: str, target: Path) -> None:
    listing = subprocess.run(
        [go(), "list", "-m", "-f", "{{.Dir}}", dependency],
        cwd=module,
        env=go_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    source = Path(listing.stdout.strip()) / file
    if source.is_dir():
        target.mkdir()
        for child in source.iterdir():
            _copy_file(child, target / child.name)
    else:
        _copy_file(source, target)


def _copy_file(source: Path, target: Path) -> None:
    """Copy the content alone: files of the module cache are read-only, and ours must be removable."""
    if source.is_file():
        target.write_bytes(source.read_bytes())
