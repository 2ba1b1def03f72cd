"""The ServiceAccount of the pods."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.service.meta import Identity, child


def service_account(owner: Identity, spec: MicroserviceSpec, identity: Mapping[str, str]) -> dict[str, Any]:
    """One of our own, without a token in the pods. The user's annotations win over those of the `identity`."""
    body = {"automountServiceAccountToken": False}
    annotations = {**identity, **spec.service_account.annotations}
    return child(owner, "v1", "ServiceAccount", owner.name, body, annotations)
