"""The Deployments that run recorded revisions."""

from collections.abc import Mapping
from typing import Any

from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service.meta import Identity, child

PROGRESS_DEADLINE_SECONDS = 600


def deployment(owner: Identity, template: Object, replicas: int) -> dict[str, Any]:
    """The one Deployment of a service: a rolling update that never goes below the wanted number of ready pods."""
    body = _body(template, replicas, labels.of_serving_pods(owner.name))
    return child(owner, "apps/v1", "Deployment", owner.name, {"spec": body})


def revision_deployment(owner: Identity, revision: str, template: Object, replicas: int) -> dict[str, Any]:
    """The Deployment of one revision, beside those of others; it rolls only when a Secret changes."""
    body = _body(template, replicas, labels.of_revision(owner.name, revision))
    name = names.revision_arm(owner.name, revision)
    return child(owner, "apps/v1", "Deployment", name, {"spec": body}, own_labels={labels.REVISION: revision})


def _body(template: Object, replicas: int, selector: Mapping[str, str]) -> dict[str, Any]:
    return {
        "replicas": replicas,
        "selector": {"matchLabels": dict(selector)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
        "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
        "revisionHistoryLimit": 2,
        "template": template,
    }
