"""The Gateway API implementation: Contour as control plane, Envoy as proxy, both in the node's own network."""

import subprocess
from pathlib import Path

from devcluster import api, templates
from devcluster.addresses import NODE_IP
from devcluster.component import Component, flags
from devcluster.errors import ClusterError
from devcluster.paths import MANIFESTS
from devcluster.spec import ClusterSpec
from devcluster.supervisor import Supervisor

_XDS_PORT = 8001
_GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/infra/gateways/public"


def manifests(spec: ClusterSpec) -> list[Path]:
    """The CRDs of the Gateway API and of Contour, and what Contour may read and write."""
    contour = spec.share("contour")
    files = (contour / name for name in ("01-crds.yaml", "00-common.yaml", "02-role-contour.yaml"))
    return [spec.share("gateway-api-crds.yaml"), *files]


def start(supervisor: Supervisor) -> None:
    """Create the Gateway `public` in the namespace `infra`, and start what serves it."""
    spec = supervisor.spec
    supervisor.wait_for("CRDs", lambda: api.serves_all_crds(spec), "kube-apiserver")
    api.install(spec, MANIFESTS / "gateway")
    supervisor.start(_contour(spec))
    supervisor.start(_envoy(spec))


def wait(supervisor: Supervisor) -> None:
    """Wait until requests to the gateway are routed."""
    supervisor.wait_for("gateway", lambda: api.condition(supervisor.spec, _GATEWAY, "Programmed"), "contour", "envoy")


def _contour(spec: ClusterSpec) -> Component:
    settings = flags(
        kubeconfig=spec.paths.state / "contour.kubeconfig",
        config_path=templates.fill(spec, "contour.yaml"),
        xds_address="127.0.0.1",
        xds_port=_XDS_PORT,
        ingress_status_address=NODE_IP,
        kubernetes_client_qps=200,
        kubernetes_client_burst=400,
    )
    argv = [spec.program("contour"), "serve", *settings, "--insecure", "--disable-leader-election"]
    return Component(name="contour", argv=argv)


def _envoy(spec: ClusterSpec) -> Component:
    """Hot restart would share memory between the clusters of a machine."""
    bootstrap = spec.paths.state / "envoy.json"
    settings = flags(xds_address="127.0.0.1", xds_port=_XDS_PORT, admin_address=spec.paths.state / "envoy-admin.sock")
    result = subprocess.run(
        [spec.program("contour"), "bootstrap", str(bootstrap), *settings], capture_output=True, text=True
    )
    if result.returncode != 0:
        raise ClusterError(f"contour bootstrap: {result.stderr.strip()}")
    argv = [spec.program("envoy"), "-c", str(bootstrap), "--service-cluster", "infra", "--service-node", "envoy"]
    return Component(
        name="envoy", argv=[*argv, "--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]
    )
