"""The few calls that the tooling itself makes to the API server."""

import http.client
import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

from devcluster.addresses import API_SERVER_PORT, NODE_IP
from devcluster.errors import ClusterError
from devcluster.spec import ClusterSpec


def get(spec: ClusterSpec, path: str) -> tuple[int, bytes]:
    """GET as administrator; (0, b"") while nothing answers."""
    return _request(spec, "GET", path, None)


def create(spec: ClusterSpec, path: str, document: dict[str, Any]) -> None:
    """POST one object as administrator; ClusterError with the server's answer when it refuses."""
    status, answer = _request(spec, "POST", path, document)
    if status not in (200, 201, 409):
        raise ClusterError(f"POST {path}: {status} {answer[:300].decode(errors='replace')}")


def _request(spec: ClusterSpec, method: str, path: str, document: dict[str, Any] | None) -> tuple[int, bytes]:
    pki = spec.paths.state / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    connection = http.client.HTTPSConnection(NODE_IP, API_SERVER_PORT, context=context, timeout=10)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json", "User-Agent": "trimtab-dev"})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def ready(spec: ClusterSpec) -> bool:
    """Whether the API server serves an authenticated /readyz; before that its RBAC bootstrap is unfinished."""
    return get(spec, "/readyz")[0] == 200


def condition(spec: ClusterSpec, path: str, kind: str) -> bool:
    """Whether the object at `path` has the condition `kind` with status True."""
    status, body = get(spec, path)
    if status != 200:
        return False
    conditions = json.loads(body).get("status", {}).get("conditions", [])
    return any(item["type"] == kind and item["status"] == "True" for item in conditions)


def apply(spec: ClusterSpec, *files: Path) -> None:
    """Server-side apply of manifest files and folders with kubectl."""
    command = [
        spec.program("kubectl"), "--kubeconfig", str(spec.paths.kubeconfig), "--cache-dir", str(spec.paths.state / "kubectl"),
        "apply", "--server-side", "--force-conflicts", "--field-manager=trimtab-dev",
    ]  # fmt: skip
    for file in files:
        command += ["-f", str(file)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise ClusterError(f"kubectl apply of {', '.join(file.name for file in files)}:\n{result.stderr.strip()}")
