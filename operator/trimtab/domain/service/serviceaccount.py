"""The ServiceAccount of the pods."""

from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.service.meta import Identity, child


def service_account(owner: Identity, spec: MicroserviceSpec) -> dict[str, Any]:
    """One of our own, without a token in the pods."""
    body = {"automountServiceAccountToken": False}
    return child(owner, "v1", "ServiceAccount", owner.name, body, spec.service_account.annotations)
