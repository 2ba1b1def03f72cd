"""The cluster's certificate authority, its certificates, and kubeconfigs made of them.

Who needs which certificate: https://kubernetes.io/docs/setup/best-practices/certificates/
"""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devcluster.addresses import API_SERVER_PORT, HOST_DOMAIN, KUBERNETES_SERVICE_IP, NODE_IP, NODE_NAME

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


def issue(folder: Path, state: Path) -> None:
    """Make the authority, all certificates in `folder`, and one kubeconfig per client in `state`."""
    folder.mkdir(mode=0o700, parents=True)
    _openssl(
        folder, "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650",
        "-subj", "/CN=trimtab-dev-ca",
    )  # fmt: skip
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "service-account.key")
    _openssl(folder, "ec", "-in", "service-account.key", "-pubout", "-out", "service-account.pub")
    (folder / "extensions").write_text(f"subjectAltName={','.join(_NAMES)}\n")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda item: _certificate(folder, *item), (_SERVERS | CLIENTS).items()))
    for client in CLIENTS:
        _kubeconfig(folder, client, state / f"{client}.kubeconfig")


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _certificate(folder: Path, name: str, subject: str) -> None:
    _openssl(folder, "req", *_NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
    serial = str(1000 + [*_SERVERS, *CLIENTS].index(name))
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", serial,
        "-days", "3650", "-extfile", "extensions", "-out", f"{name}.crt",
    )  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _kubeconfig(folder: Path, client: str, target: Path) -> None:
    """Write a kubeconfig; JSON is YAML, and certificates are referred to by path."""
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
