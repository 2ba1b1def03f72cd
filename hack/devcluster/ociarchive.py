"""Write an image of one layer as an OCI archive.

Format: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
"""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MEDIA = "application/vnd.oci.image"


def write(target: Path, *, tag: str, layer: bytes, entrypoint: list[str]) -> None:
    """Write the archive `target` of the image `tag`, whose files are the tar archive `layer`."""
    config = _encode(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": entrypoint, "Env": [_PATH]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _encode(
        {
            "schemaVersion": 2,
            "mediaType": f"{_MEDIA}.manifest.v1+json",
            "config": _descriptor(f"{_MEDIA}.config.v1+json", config),
            "layers": [_descriptor(f"{_MEDIA}.layer.v1.tar", layer)],
        }
    )
    named = _descriptor(f"{_MEDIA}.manifest.v1+json", manifest) | {"annotations": {"io.containerd.image.name": tag}}
    files = {
        "oci-layout": _encode({"imageLayoutVersion": "1.0.0"}),
        "index.json": _encode({"schemaVersion": 2, "manifests": [named]}),
    } | {f"blobs/sha256/{_digest(blob)[7:]}": blob for blob in (config, manifest, layer)}
    with tarfile.open(target, "w") as archive:
        for name, content in files.items():
            _add(archive, name, content, 0o644)


def layer_of(files: dict[str, Path]) -> bytes:
    """A layer that holds `files` (path in the image -> executable file here), owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, source in files.items():
            _add(archive, name, source.read_bytes(), 0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}
