"""The cluster's certificate authority, its certificates, and kubeconfigs made of them.

Who needs which certificate: https://kubernetes.io/docs/setup/best-practices/certificates/
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from devcluster.addresses import API_SERVER_PORT, HOST_DOMAIN, KUBERNETES_SERVICE_IP, NODE_IP, NODE_NAME
from devcluster.locking import exclusive
from devcluster.paths import cache

_NAMES = [
    "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
    "DNS:metrics-server.kube-system.svc", f"DNS:{NODE_NAME}", f"DNS:{HOST_DOMAIN}",
    "IP:127.0.0.1", f"IP:{KUBERNETES_SERVICE_IP}", f"IP:{NODE_IP}",
]  # fmt: skip

# Kubernetes reads the user from CN and the groups from O.
CLIENTS = {
    "admin": "/O=system:masters/CN=kubernetes-admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE_NAME}",
    "kube-proxy": "/CN=system:kube-proxy",
    "kwok": "/O=system:masters/CN=kwok",
    "coredns": "/CN=system:coredns",
    "metrics-server": "/CN=system:metrics-server",
    "contour": "/CN=system:contour",
    "prometheus": "/CN=system:prometheus",
}
_SERVERS = {"apiserver": "/CN=kube-apiserver", "front-proxy-client": "/CN=front-proxy-client"}


def ensure() -> Path:
    """Make the authority and all certificates once; their folder. All clusters share them, as they share addresses."""
    inputs = json.dumps([_NAMES, CLIENTS, _SERVERS])
    folder = cache() / "pki" / hashlib.sha256(inputs.encode()).hexdigest()[:16]
    with exclusive(cache() / "locks" / "pki", "it makes certificates"):
        if not folder.exists():
            scratch = folder.with_suffix(".new")
            shutil.rmtree(scratch, ignore_errors=True)
            _issue(scratch)
            scratch.rename(folder)
    return folder


def write_kubeconfigs(folder: Path, state: Path) -> None:
    """Write one kubeconfig per client into `state`; certificates are referred to by path, and JSON is YAML."""
    for client in CLIENTS:
        _write_kubeconfig(folder, client, state / f"{client}.kubeconfig")


def _issue(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    _openssl(folder, *_NEW_CERTIFICATE, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=trimtab-dev-ca")
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "service-account.key")
    _openssl(folder, "ec", "-in", "service-account.key", "-pubout", "-out", "service-account.pub")
    for name, subject in (_SERVERS | CLIENTS).items():
        _openssl(
            folder, *_NEW_CERTIFICATE, "-CA", "ca.crt", "-CAkey", "ca.key", "-keyout", f"{name}.key",
            "-out", f"{name}.crt", "-subj", subject, "-addext", f"subjectAltName={','.join(_NAMES)}",
            "-addext", "basicConstraints=critical,CA:false",
        )  # fmt: skip


_NEW_CERTIFICATE = (
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
)  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _write_kubeconfig(folder: Path, client: str, target: Path) -> None:
    server = f"https://{NODE_IP}:{API_SERVER_PORT}"
    user = {"client-certificate": str(folder / f"{client}.crt"), "client-key": str(folder / f"{client}.key")}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dev", "cluster": {"server": server, "certificate-authority": str(folder / "ca.crt")}}],
        "users": [{"name": client, "user": user}],
        "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": client}}],
        "current-context": "dev",
    }
    target.write_text(json.dumps(document, indent=2))
    target.chmod(0o600)
