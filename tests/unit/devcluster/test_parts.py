import dataclasses

import pytest

from devcluster import parts
from devcluster.component import flags
from devcluster.errors import ClusterError


def test_a_minor_version_means_its_pinned_patch():
    full = parts.kubernetes_version("1.33")

    assert full.startswith("1.33.")
    assert parts.kubernetes_version(f"v{full}") == full
    assert parts.kubernetes_version(parts.DEFAULT_KUBERNETES) == parts.DEFAULT_KUBERNETES


@pytest.mark.parametrize("version", ["1.3", "2", "1.36.99", "newest"])
def test_a_version_that_is_not_pinned_is_refused_with_those_that_are(version):
    with pytest.raises(ClusterError, match=parts.DEFAULT_KUBERNETES):
        parts.kubernetes_version(version)


def test_the_key_of_a_build_changes_with_each_of_its_inputs(tmp_path, monkeypatch):
    monkeypatch.setattr("devcluster.gobuild.go_version", lambda module: "go1.26.0")
    sources = {name: tmp_path / name for name in ("go.mod", "go.sum", "main.go")}
    for name, file in sources.items():
        file.write_text("go 1.26.0\n" if name == "go.mod" else name)
    build = dataclasses.replace(parts.contour(), sources=sources)
    keys = [build.key(), build.key()]

    keys.append(dataclasses.replace(build, ldflags="-s").key())
    keys.append(dataclasses.replace(build, package="./other").key())
    for file in sources.values():
        file.write_text(file.read_text() + "// changed\n")
        keys.append(build.key())
    monkeypatch.setattr("devcluster.gobuild.go_version", lambda module: "go1.27.0")
    keys.append(build.key())

    assert keys[0] == keys[1]
    assert len(set(keys)) == len(keys) - 1


def test_flags_are_written_as_go_programs_read_them():
    assert flags(secure_port=6443, leader_elect=False) == ["--secure-port=6443", "--leader-elect=false"]
