"""The shares of the CPU in a cluster: pods are not to starve while its components are busy."""

import os
from pathlib import Path

import pytest

from devcluster import cgroups

CPUS = os.cpu_count() or 1


def test_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_MOUNT", tmp_path)
    for controller in ("cpu", "cpuset", "memory"):
        (tmp_path / controller).mkdir()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    cgroups.create("trimtab-x")
    assert (tmp_path / "memory" / "trimtab-x").is_dir()
    assert (tmp_path / "cpuset" / "trimtab-x" / "cpuset.cpus").read_text() == "0-1\n"
    cluster = tmp_path / "cpu" / "trimtab-x"
    assert int((cluster / "cpu.shares").read_text()) == 1024 * (CPUS + 1), "of the pods and of the system"
    assert (cluster / "system" / "cgroup.procs").read_text() == "0"


def test_version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_MOUNT", tmp_path)
    cluster = tmp_path / "trimtab-x"
    cluster.mkdir()
    for group in (tmp_path, cluster):
        (group / "cgroup.controllers").write_text("cpu memory rdma")
    cgroups.create("trimtab-x")
    assert (cluster / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert int((cluster / "cpu.weight").read_text()) == 100 * (CPUS + 1)
    assert (cluster / "system" / "cpu.weight").read_text() == "39"
    assert (cluster / "system" / "cgroup.procs").read_text() == "0"
