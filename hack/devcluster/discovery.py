"""Tell Prometheus which pods there are, with the labels of its own Kubernetes discovery.

Debian's Prometheus is built without that discovery. This process watches the pods and keeps a file of targets current:
https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config (role: pod) and
#file_sd_config. Started by the supervisor as `python3 discovery.py SPEC`.
"""

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from devcluster import api
from devcluster.spec import ClusterSpec

_META = "__meta_kubernetes_pod"
_WATCH_SECONDS = 300
_RETRY_SECONDS = 1

Pod = dict[str, Any]


def targets_path(spec: ClusterSpec) -> Path:
    """The file that Prometheus reads."""
    return spec.paths.state / "targets" / "pods.json"


def targets(pods: list[Pod]) -> list[dict[str, Any]]:
    """One target per pod and TCP container port; pods without an address have none."""
    found = []
    for pod in pods:
        address = pod.get("status", {}).get("podIP")
        spec = pod["spec"]
        for container in (*spec["containers"], *spec.get("initContainers", ())) if address else ():
            for port in container.get("ports", ()):
                if port.get("protocol", "TCP") == "TCP":
                    labels = _labels(pod) | {f"{_META}_container_port_name": port.get("name", "")}
                    found.append({"targets": [f"{address}:{port['containerPort']}"], "labels": labels})
    return found


def _labels(pod: Pod) -> dict[str, str]:
    metadata = pod["metadata"]
    own = {
        "__meta_kubernetes_namespace": metadata["namespace"],
        f"{_META}_name": metadata["name"],
        f"{_META}_uid": metadata["uid"],
        f"{_META}_ip": pod["status"]["podIP"],
        f"{_META}_phase": pod["status"].get("phase", ""),
    }
    for kind in ("label", "annotation"):
        for name, value in metadata.get(f"{kind}s", {}).items():
            own[f"{_META}_{kind}_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"] = value
    return own


def _write(path: Path, pods: dict[str, Pod]) -> None:
    """Replace the file at once, so that no half of it is ever read; a change of status alone changes nothing."""
    text = json.dumps(targets(list(pods.values())))
    if not path.exists() or path.read_text() != text:
        scratch = path.with_suffix(".next")
        scratch.write_text(text)
        scratch.rename(path)


def _follow(spec: ClusterSpec, path: Path) -> None:
    status, body = api.get(spec, "/api/v1/pods", client="prometheus")
    if status != 200:
        return
    listing = json.loads(body)
    pods = {pod["metadata"]["uid"]: pod for pod in listing["items"]}
    _write(path, pods)
    for event in _events(spec, listing["metadata"]["resourceVersion"]):
        pod = event["object"]
        if event["type"] == "ERROR":
            return
        if event["type"] == "DELETED":
            pods.pop(pod["metadata"]["uid"], None)
        elif event["type"] != "BOOKMARK":
            pods[pod["metadata"]["uid"]] = pod
        _write(path, pods)


def _events(spec: ClusterSpec, version: str) -> Iterator[dict[str, Any]]:
    query = f"watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
    connection = api.connect(spec, client="prometheus", timeout=_WATCH_SECONDS + 30)
    try:
        connection.request("GET", f"/api/v1/pods?{query}")
        response = connection.getresponse()
        while response.status == 200 and (line := response.readline()):
            yield json.loads(line)
    finally:
        connection.close()


def main() -> None:
    """Follow the pods for ever; after a lost connection start again with a list."""
    spec = ClusterSpec.read(Path(sys.argv[1]))
    path = targets_path(spec)
    os.makedirs(path.parent, exist_ok=True)
    while True:
        try:
            _follow(spec, path)
        except (OSError, http.client.HTTPException) as error:
            print(f"the watch ended: {error}", flush=True)
        time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    main()
