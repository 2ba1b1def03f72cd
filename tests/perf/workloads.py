"""What the benchmarks ask the cluster for, and copies of it that a bare client can write."""

import json
from typing import Any

from tests.support.kube import Object

FIRST_IMAGE = "registry.example/app:1"


def microservice(namespace: str, name: str, image: str = FIRST_IMAGE) -> Object:
    """The usual short Microservice with one pod."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"image": image, "replicas": 1, "env": [{"name": "LOG_LEVEL", "value": "info"}]},
    }


def bare(child: Object, namespace: str, name: str | None = None) -> Object:
    """The same object as a bare client would write it: nobody's child, without what the API server filled in."""
    text = json.dumps({k: v for k, v in child.items() if k not in ("status", "metadata")})
    copy: Object = json.loads(_orphan(text))
    metadata = child["metadata"]
    copy["metadata"] = {
        "namespace": namespace,
        "name": name or metadata["name"],
        "labels": json.loads(_orphan(json.dumps(metadata.get("labels", {})))),
        "annotations": metadata.get("annotations", {}),
    }
    if copy["kind"] == "Deployment":
        for field in ("serviceAccountName", "serviceAccount"):  # it need not exist where the copy goes
            copy["spec"]["template"]["spec"].pop(field, None)
    if copy["kind"] == "Service":
        for field in ("clusterIP", "clusterIPs"):
            copy["spec"].pop(field, None)
    return copy


def _orphan(text: str) -> str:
    return text.replace('"app.kubernetes.io/managed-by": "trimtab"', '"app.kubernetes.io/managed-by": "bare-client"')


def condition(obj: Object, kind: str) -> Any:
    """The status ("True", "False", "Unknown") of one condition, None if it is absent or about an older generation."""
    status = obj.get("status", {})
    if status.get("observedGeneration") != obj["metadata"]["generation"]:
        return None
    return next((c["status"] for c in status.get("conditions", ()) if c["type"] == kind), None)


def is_ready(obj: Object) -> bool:
    """Whether a Microservice says that it is Ready, or a Deployment that all its replicas are."""
    if obj["kind"] == "Deployment":
        status, spec = obj.get("status", {}), obj["spec"]
        current = status.get("observedGeneration") == obj["metadata"]["generation"]
        return bool(current and status.get("availableReplicas", 0) == spec["replicas"] == status.get("updatedReplicas"))
    return bool(condition(obj, "Ready") == "True")
