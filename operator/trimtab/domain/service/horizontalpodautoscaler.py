"""The HorizontalPodAutoscaler."""

from typing import Any

from trimtab.api.scaling import Scaling
from trimtab.domain.service.containers import APP
from trimtab.domain.service.meta import API_VERSION, KIND, Identity, child

_DEFAULT_CPU = "80%"
"""What to aim for if `scaling` names no metric: Kubernetes' own default for autoscaling/v1."""


def horizontal_pod_autoscaler(owner: Identity, scaling: Scaling) -> dict[str, Any]:
    """Scales the Microservice itself, so that it follows whichever revisions serve.

    It measures the container `app` alone: sidecars neither hide nor fake its load.
    """
    wanted = {"cpu": scaling.cpu, "memory": scaling.memory}
    targets = {resource: share for resource, share in wanted.items() if share} or {"cpu": _DEFAULT_CPU}
    body = {
        "scaleTargetRef": {"apiVersion": API_VERSION, "kind": KIND, "name": owner.name},
        "minReplicas": scaling.min,
        "maxReplicas": scaling.max,
        "metrics": [_metric(resource, share) for resource, share in targets.items()],
    }
    return child(owner, "autoscaling/v2", "HorizontalPodAutoscaler", owner.name, {"spec": body})


def _metric(resource: str, share: str) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": int(share.removesuffix("%"))}
    return {
        "type": "ContainerResource",
        "containerResource": {"name": resource, "container": APP, "target": target},
    }
