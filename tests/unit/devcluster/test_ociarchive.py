import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from devcluster import ociarchive


def read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def blob(archive: tarfile.TarFile, descriptor: dict[str, Any]) -> bytes:
    """The content that a descriptor refers to, checked against it."""
    algorithm, _, digest = str(descriptor["digest"]).partition(":")
    content = read(archive, f"blobs/{algorithm}/{digest}")
    assert (hashlib.new(algorithm, content).hexdigest(), len(content)) == (digest, descriptor["size"])
    return content


def test_an_archive_can_be_followed_from_its_index_to_the_files(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"#!/bin/sh\n")
    target = tmp_path / "image.tar"

    layer = ociarchive.layer_of({"bin/program": program})
    ociarchive.write(target, tag="example.local/program:1", layer=layer, entrypoint=["/bin/program", "-x"])

    with tarfile.open(target) as archive:
        assert json.loads(read(archive, "oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        (image,) = json.loads(read(archive, "index.json"))["manifests"]
        assert image["annotations"] == {"io.containerd.image.name": "example.local/program:1"}
        manifest = json.loads(blob(archive, image))
        config = json.loads(blob(archive, manifest["config"]))
        assert config["config"]["Entrypoint"] == ["/bin/program", "-x"]
        assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]
        with tarfile.open(fileobj=io.BytesIO(blob(archive, manifest["layers"][0]))) as files:
            entry = files.getmember("bin/program")
            assert (entry.mode, entry.uid, read(files, "bin/program")) == (0o755, 0, b"#!/bin/sh\n")
