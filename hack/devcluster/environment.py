"""What a command that works with the cluster finds in its environment."""

import os

from devcluster import parts
from devcluster.addresses import GATEWAY_PORT, NODE_IP, PROMETHEUS_PORT
from devcluster.paths import PROJECT
from devcluster.spec import ClusterSpec

_INSIDE = "127.0.0.1,localhost,10.0.0.0/8,.svc,.cluster.local,.internal"


def of_cluster(spec: ClusterSpec) -> dict[str, str]:
    """The environment of `hack/cluster exec`: this one, with the cluster's programs and addresses."""
    paths = spec.paths
    programs = [str(PROJECT / ".venv" / "bin"), *spec.bins, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    ours = {
        "PATH": ":".join(programs),
        "KUBECONFIG": str(paths.kubeconfig),
        # kubectl keys its discovery cache by address, which all clusters share
        "KUBECACHEDIR": str(paths.state / "kubectl-cache"),
        "TRIMTAB_CLUSTER": spec.name,
        "TRIMTAB_CLUSTER_PROFILE": spec.profile,
        "TRIMTAB_CLUSTER_STATE": str(paths.state),
        "TRIMTAB_CRDS": str(parts.crds().ensure() / "share"),
        "TRIMTAB_NODE_IP": NODE_IP,
        "NO_PROXY": _INSIDE,
        "no_proxy": _INSIDE,
    }
    if spec.audit:
        ours["TRIMTAB_AUDIT_LOG"] = str(paths.audit_log)
    if spec.profile == "full":
        ours["TRIMTAB_GATEWAY_URL"] = f"http://{NODE_IP}:{GATEWAY_PORT}"
        ours["TRIMTAB_PROMETHEUS_URL"] = f"http://{NODE_IP}:{PROMETHEUS_PORT}"
    return os.environ | ours
