"""Simulated nodes: kwok answers for their kubelets and makes their pods Ready without any container."""

from typing import Any

from devcluster import api
from devcluster.component import Component, flags
from devcluster.paths import MANIFESTS
from devcluster.spec import ClusterSpec
from devcluster.supervisor import Supervisor

_ZONES = ("zone-a", "zone-b", "zone-c")
_STAGES = ("node-fast", "node-heartbeat-with-lease", "pod-fast")


def start(supervisor: Supervisor) -> None:
    """Start kwok and its nodes, and wait until they are Ready."""
    spec = supervisor.spec
    configuration = spec.paths.state / "kwok.yaml"
    configuration.write_text(_configuration(spec))
    settings = flags(kubeconfig=spec.paths.state / "kwok.kubeconfig", config=configuration, manage_all_nodes=True)
    supervisor.start(Component(name="kwok", argv=[spec.program("kwok"), *settings]))
    for number in range(1, spec.nodes + 1):
        api.create(spec, "/api/v1/nodes", _node(number))
    supervisor.wait_for(f"{spec.nodes} simulated nodes", lambda: _all_ready(spec), "kwok")


def _all_ready(spec: ClusterSpec) -> bool:
    paths = (f"/api/v1/nodes/{_name(number)}" for number in range(1, spec.nodes + 1))
    return all(api.condition(spec, path, "Ready") for path in paths)


def _configuration(spec: ClusterSpec) -> str:
    stages = [
        file.read_text()
        for folder in _STAGES
        for file in sorted(spec.share(folder).glob("*.yaml"))
        if file.name != "kustomization.yaml"
    ]
    return "\n---\n".join([(MANIFESTS / "kwok-configuration.yaml").read_text(), *stages])


def _name(number: int) -> str:
    return f"kwok-{number}"


def _node(number: int) -> dict[str, Any]:
    """A node with room for thousands of pods, spread over three zones."""
    capacity = {"cpu": "1000", "memory": "4Ti", "ephemeral-storage": "10Ti", "pods": "4000"}
    labels = {
        "kubernetes.io/hostname": _name(number),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "region-1",
        "topology.kubernetes.io/zone": _ZONES[number % len(_ZONES)],
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": _name(number), "labels": labels},
        "status": {"capacity": capacity, "allocatable": capacity, "nodeInfo": {"kubeletVersion": "kwok"}},
    }
