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


def connect(spec: ClusterSpec, *, client: str = "admin", timeout: float = 10) -> http.client.HTTPSConnection:
    """A connection to the API server as one of the clients of pki.py; `timeout` in seconds."""
    pki = spec.paths.state / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / f"{client}.crt", pki / f"{client}.key")
    return http.client.HTTPSConnection(NODE_IP, API_SERVER_PORT, context=context, timeout=timeout)


def get(spec: ClusterSpec, path: str, *, client: str = "admin") -> tuple[int, bytes]:
    """GET; (0, b"") while nothing answers."""
    return _request(connect(spec, client=client), "GET", path, None)


def create(spec: ClusterSpec, path: str, document: dict[str, Any]) -> None:
    """POST one object as administrator; ClusterError with the server's answer when it refuses."""
    status, answer = _request(connect(spec), "POST", path, document)
    if status not in (200, 201, 409):
        raise ClusterError(f"POST {path}: {status} {answer[:300].decode(errors='replace')}")


def _request(
    connection: http.client.HTTPSConnection, method: str, path: str, document: dict[str, Any] | None
) -> tuple[int, bytes]:
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


def exists(spec: ClusterSpec, path: str) -> bool:
    """Whether there is an object at `path`."""
    return get(spec, path)[0] == 200


def condition(spec: ClusterSpec, path: str, kind: str) -> bool:
    """Whether the object at `path` has the condition `kind` with status True."""
    status, body = get(spec, path)
    if status != 200:
        return False
    conditions = json.loads(body).get("status", {}).get("conditions", [])
    return any(item["type"] == kind and item["status"] == "True" for item in conditions)


def serves_all_crds(spec: ClusterSpec) -> bool:
    """Whether discovery names every custom resource; a client that starts earlier takes them for missing."""
    status, body = get(spec, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    if status != 200:
        return False
    wanted: dict[str, set[str]] = {}
    for crd in (item["spec"] for item in json.loads(body)["items"]):
        for version in crd["versions"]:
            if version["served"]:
                wanted.setdefault(f"/apis/{crd['group']}/{version['name']}", set()).add(crd["names"]["plural"])
    return all(names <= _served(spec, path) for path, names in wanted.items())


def _served(spec: ClusterSpec, path: str) -> set[str]:
    status, body = get(spec, path)
    return {resource["name"] for resource in json.loads(body)["resources"]} if status == 200 else set()


def install(spec: ClusterSpec, *files: Path) -> None:
    """Create the objects of manifest files and folders with kubectl, in a cluster that has none of them yet."""
    command = [spec.program("kubectl"), "--kubeconfig", str(spec.paths.kubeconfig), "create", "--validate=false"]
    for file in files:
        command += ["-f", str(file)]
    environment = {"HOME": str(spec.paths.state), "PATH": "/usr/bin:/bin"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise ClusterError(f"kubectl create of {', '.join(file.name for file in files)}:\n{result.stderr.strip()}")
