"""What every cluster offers to its pods: names, resource metrics, and Prometheus."""

import shutil
import sys
import urllib.request

from devcluster import api, templates
from devcluster.addresses import METRICS_SERVER_PORT, NODE_IP, PROMETHEUS_PORT
from devcluster.component import Component, flags
from devcluster.discovery import targets_path
from devcluster.paths import HACK, cache
from devcluster.spec import ClusterSpec
from devcluster.supervisor import Supervisor


def start(supervisor: Supervisor) -> None:
    """Start cluster DNS, metrics-server and Prometheus."""
    spec = supervisor.spec
    corefile = templates.fill(spec, "Corefile")
    supervisor.start(Component(name="coredns", argv=[spec.program("coredns"), "-conf", str(corefile)]))
    supervisor.start(_metrics_server(spec))
    discovery = [sys.executable, "-I", str(HACK / "devcluster" / "discovery.py"), str(spec.paths.state / "spec.json")]
    targets_path(spec).parent.mkdir()  # Prometheus watches the folder from its start
    # It finds the cluster's files as we do, also where the cache is not at its usual place.
    own = {"XDG_CACHE_HOME": str(cache().parent)}
    supervisor.start(Component(name="discovery", argv=discovery, environment=own))
    supervisor.start(_prometheus(spec))


def wait(supervisor: Supervisor) -> None:
    """Wait until all three answer. Values of resource metrics come later: two samples must have been taken."""
    supervisor.wait_for("cluster DNS", lambda: _answers(f"http://{NODE_IP}:8181/ready"), "coredns")
    supervisor.wait_for("Prometheus", lambda: _answers(f"http://{NODE_IP}:{PROMETHEUS_PORT}/-/ready"), "prometheus")
    service = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
    supervisor.wait_for("metrics API", lambda: api.condition(supervisor.spec, service, "Available"), "metrics-server")


def _metrics_server(spec: ClusterSpec) -> Component:
    pki = spec.paths.state / "pki"
    kubeconfig = spec.paths.state / "metrics-server.kubeconfig"
    settings = flags(
        kubeconfig=kubeconfig,
        authentication_kubeconfig=kubeconfig,
        authorization_kubeconfig=kubeconfig,
        secure_port=METRICS_SERVER_PORT,
        tls_cert_file=pki / "metrics-server.crt",
        tls_private_key_file=pki / "metrics-server.key",
        kubelet_certificate_authority=pki / "ca.crt",
        kubelet_preferred_address_types="InternalIP",
        metric_resolution="10s",
        kubelet_request_timeout="5s",
    )
    return Component(name="metrics-server", argv=[spec.program("metrics-server"), *settings])


def _prometheus(spec: ClusterSpec) -> Component:
    argv = [
        shutil.which("prometheus") or "prometheus",
        f"--config.file={templates.fill(spec, 'prometheus.yaml')}",
        f"--storage.tsdb.path={spec.paths.state / 'prometheus'}",
        f"--web.listen-address=0.0.0.0:{PROMETHEUS_PORT}",
    ]
    return Component(name="prometheus", argv=argv)


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
