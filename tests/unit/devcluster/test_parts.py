import dataclasses
from pathlib import Path

import pytest

from devcluster import parts, pin
from devcluster.component import flags
from devcluster.errors import ClusterError


def test_a_minor_version_means_its_pinned_patch() -> None:
    full = parts.kubernetes_version("1.33")

    assert full.startswith("1.33.")
    assert parts.kubernetes_version(f"v{full}") == full
    assert parts.kubernetes_version(parts.DEFAULT_KUBERNETES) == parts.DEFAULT_KUBERNETES


@pytest.mark.parametrize("version", ["1.3", "2", "1.36.99", "newest"])
def test_a_version_that_is_not_pinned_is_refused_with_those_that_are(version: str) -> None:
    with pytest.raises(ClusterError, match=parts.DEFAULT_KUBERNETES):
        parts.kubernetes_version(version)


def test_the_key_of_a_build_changes_with_each_of_its_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_flags_are_written_as_go_programs_read_them() -> None:
    assert flags(secure_port=6443, leader_elect=False) == ["--secure-port=6443", "--leader-elect=false"]


def test_a_new_kubernetes_version_gets_the_published_release_of_every_staging_module() -> None:
    upstream = """module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require go.etcd.io/etcd/client/v3 v3.6.8

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
)
"""

    text = pin.go_mod("1.36.4", upstream)

    assert "\tk8s.io/api => k8s.io/api v0.36.4\n\tk8s.io/kube-proxy => k8s.io/kube-proxy v0.36.4\n" in text
    assert {"go 1.26.0", "godebug default=go1.26", "\tk8s.io/kubernetes v1.36.4"} <= set(text.splitlines())
    assert "go.etcd.io/etcd/server/v3 v3.6.8" in text
