"""The Deployment that runs a recorded revision."""

from typing import Any

from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.service.meta import Identity, child

PROGRESS_DEADLINE_SECONDS = 600


def deployment(owner: Identity, template: Object, replicas: int) -> dict[str, Any]:
    """A rolling update that never goes below the wanted number of ready pods."""
    body = {
        "replicas": replicas,
        "selector": {"matchLabels": labels.of_serving_pods(owner.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
        "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
        "revisionHistoryLimit": 2,
        "template": template,
    }
    return child(owner, "apps/v1", "Deployment", owner.name, {"spec": body})
