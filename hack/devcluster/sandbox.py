"""Make fresh namespaces usable: a private network that leads nowhere, and mounts that end with them."""

import os
import subprocess
from pathlib import Path

from devcluster import isolation
from devcluster.addresses import CLUSTER_DOMAIN, NODE_IP
from devcluster.spec import ClusterSpec

_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000

# The kubelet sets these for the whole machine unless they are so already:
# https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/cm/container_manager_linux.go (setupKernelTunables)
_KUBELET_TUNABLES = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def prepare(spec: ClusterSpec) -> None:
    """Called once by the first process of the namespaces."""
    isolation.mount("none", Path("/"), "", _MS_REC | _MS_PRIVATE)
    isolation.mount("proc", Path("/proc"), "proc")
    _make_network()
    resolver = Path("/etc/resolv.conf").resolve()
    isolation.mount("run", Path("/run"), "tmpfs")
    if spec.profile == "full":
        _point_resolver_at_cluster_dns(resolver, spec)
        _hide_machine(spec)


def bind(source: Path, target: Path) -> None:
    """Show `source` at `target` inside the namespaces only."""
    isolation.mount(str(source), target, "", _MS_BIND)


def _make_network() -> None:
    """A bridge without ports carries the node's address and the default route, so no packet leaves the machine."""
    commands = (
        "link set lo up",
        "link add node0 type bridge",
        f"address add {NODE_IP}/32 dev node0",
        "link set node0 up",
        "route add default dev node0",
    )
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, env={"PATH": path})


def _point_resolver_at_cluster_dns(resolver: Path, spec: ClusterSpec) -> None:
    ours = spec.paths.state / "resolv.conf"
    domains = f"default.svc.{CLUSTER_DOMAIN} svc.{CLUSTER_DOMAIN} {CLUSTER_DOMAIN}"
    ours.write_text(f"nameserver {NODE_IP}\nsearch {domains}\noptions ndots:5\n")
    if not resolver.exists():  # a link into /run, which is ours now
        resolver.parent.mkdir(parents=True, exist_ok=True)
        resolver.touch()
    bind(ours, resolver)


def _hide_machine(spec: ClusterSpec) -> None:
    """Keep the kubelet and the container runtime away from the machine's own settings and directories."""
    tunables = spec.paths.state / "tunables"
    tunables.mkdir()
    for name, value in _KUBELET_TUNABLES.items():
        stand_in = tunables / name.replace("/", "-")
        stand_in.write_text(f"{value}\n")
        bind(stand_in, Path("/proc/sys") / name)
    for folder in ("/var/log", "/var/lib/cni"):
        ours = spec.paths.state / folder.strip("/").replace("/", "-")
        ours.mkdir()
        if Path(folder).exists() or folder == "/var/lib/cni":
            Path(folder).mkdir(exist_ok=True)
            bind(ours, Path(folder))
