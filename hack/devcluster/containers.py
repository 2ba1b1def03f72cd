"""The node that runs real pods: containerd, kubelet and kube-proxy."""

import shutil
import subprocess
from pathlib import Path

from devcluster import api, cgroups, ociarchive, templates
from devcluster.addresses import NODE_IP, NODE_NAME, POD_RANGE, ZONE
from devcluster.component import Component, flags
from devcluster.errors import ClusterError
from devcluster.spec import ClusterSpec
from devcluster.supervisor import Supervisor

_PAUSE = "trimtab.local/pause:1"
_SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


def start_runtime(supervisor: Supervisor) -> None:
    """Start containerd, which needs no API server. From here on everything runs in the cluster's control group."""
    spec = supervisor.spec
    cgroups.create(spec.paths.cgroup)
    templates.fill(spec, "cni.conflist", spec.paths.state / "cni" / "10-pods.conflist")
    configuration = templates.fill(spec, "containerd.toml")
    containerd = shutil.which("containerd", path=_SEARCH) or "containerd"
    supervisor.start(
        Component(name="containerd", argv=[containerd, "--config", str(configuration)], environment={"PATH": _SEARCH})
    )


def start_node(supervisor: Supervisor) -> None:
    """Start kubelet and kube-proxy; the node becomes Ready some seconds later."""
    spec = supervisor.spec
    supervisor.wait_for("containerd", lambda: _ctr("version"), "containerd")
    _import_pause(spec)
    supervisor.start(_kubelet(spec))
    supervisor.start(_kube_proxy(spec))


def wait_for_node(supervisor: Supervisor) -> None:
    """Wait until pods can be placed."""
    path = f"/api/v1/nodes/{NODE_NAME}"
    supervisor.wait_for("node", lambda: api.condition(supervisor.spec, path, "Ready"), "kubelet", "containerd")


def _ctr(*arguments: str) -> bool:
    return subprocess.run(["ctr", *arguments], capture_output=True, env={"PATH": _SEARCH}).returncode == 0


def _import_pause(spec: ClusterSpec) -> None:
    """The image that holds every pod's namespaces."""
    archive = spec.paths.state / "pause.tar"
    layer = ociarchive.layer_of({"bin/busybox": Path("/bin/busybox")})
    ociarchive.write(archive, tag=_PAUSE, layer=layer, entrypoint=["/bin/busybox", "sleep", "2147483647"])
    if not _ctr("--namespace", "k8s.io", "images", "import", str(archive)):
        raise ClusterError("containerd does not take the pause image")


def _kubelet(spec: ClusterSpec) -> Component:
    (spec.paths.state / "pod-resolv.conf").write_text("")
    settings = flags(
        config=templates.fill(spec, "kubelet.yaml"),
        kubeconfig=spec.paths.state / "kubelet.kubeconfig",
        root_dir=spec.paths.state / "kubelet",
        hostname_override=NODE_NAME,
        node_ip=NODE_IP,
        node_labels=f"topology.kubernetes.io/zone={ZONE},topology.kubernetes.io/region=region-1",
    )
    return Component(name="kubelet", argv=[spec.program("kubelet"), *settings], environment={"PATH": _SEARCH})


def _kube_proxy(spec: ClusterSpec) -> Component:
    settings = flags(
        kubeconfig=spec.paths.state / "kube-proxy.kubeconfig",
        proxy_mode="iptables",
        hostname_override=NODE_NAME,
        cluster_cidr=POD_RANGE,
        conntrack_max_per_core=0,
        iptables_min_sync_period="100ms",
    )
    return Component(name="kube-proxy", argv=[spec.program("kube-proxy"), *settings], environment={"PATH": _SEARCH})
