"""The PodDisruptionBudget."""

from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.service.meta import Identity, child


def pod_disruption_budget(owner: Identity, spec: MicroserviceSpec) -> dict[str, Any]:
    """How many pods a drain may take at once.

    By `maxUnavailable` alone, which never forbids the last pod, so one replica does not block a drain for ever; pods
    that are not ready anyway may always be evicted.
    """
    body = {
        "maxUnavailable": spec.availability.max_unavailable,
        "selector": {"matchLabels": labels.of_serving_pods(owner.name)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return child(owner, "policy/v1", "PodDisruptionBudget", owner.name, {"spec": body})
