"""A namespace with Microservices in it, and what tests do and expect there."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.audit import MUTATING, AuditLog, Request
from tests.support.kube import Kube, Object, poll

SERVICE_KINDS = (
    "ControllerRevision",
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
)


def manifest(space: str, name: str = "orders", **spec: Any) -> Object:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": space},
        "spec": {"image": "registry.example/orders:1.4.2", "replicas": 2, **spec},
    }


class Shop:
    """One namespace, and what one does and expects in it."""

    def __init__(self, kube: Kube, space: str) -> None:
        self.kube = kube
        self.space = space

    async def apply(self, name: str = "orders", **spec: Any) -> Object:
        return await self.kube.apply(manifest(self.space, name, **spec), "user")

    async def get(self, kind: str, name: str = "orders") -> Object | None:
        return await self.kube.get(kind, self.space, name)

    async def ready(self, name: str = "orders") -> Object:
        async def is_ready() -> Object | None:
            return _reason(await self.get("Microservice", name), "Available")

        return await poll(is_ready, 120, f"{name} is ready")

    async def reason(self, reason: str, name: str = "orders") -> Object:
        async def has_reason() -> Object | None:
            return _reason(await self.get("Microservice", name), reason)

        return await poll(has_reason, 120, f"{name} is {reason}")

    async def children(self) -> dict[str, list[str]]:
        """Names by kind of all that carries our label."""
        found = {}
        for kind in (*SERVICE_KINDS, "ConfigMap", "CronJob", "Job"):
            items = (await self.kube.list(kind, self.space, "app.kubernetes.io/managed-by=trimtab"))["items"]
            found[kind] = sorted(item["metadata"]["name"] for item in items)
        return {kind: names for kind, names in found.items() if names}


def _reason(resource: Object | None, reason: str) -> Object | None:
    conditions = (resource or {}).get("status", {}).get("conditions", ())
    return resource if any(c["type"] == "Ready" and c["reason"] == reason for c in conditions) else None


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    await poll(condition, seconds, what, every=0.02)


LOOK = 0.25
"""Seconds between looks at the audit log. Silence is counted in looks: a machine that stands still is silent, too."""


async def at_rest(audit: AuditLog, space: str, seconds: float = 5) -> int:
    """Returns once nobody, neither the operator nor Kubernetes, has written in a namespace for some seconds.

    The result is a mark of the audit log, after which nobody has.
    """
    mark, looks = audit.mark(), 0

    async def silent() -> bool:
        nonlocal mark, looks
        end, looks = audit.mark(), looks + 1
        if changes(audit, mark, space):
            mark, looks = end, 0
        return looks * LOOK > seconds

    await poll(silent, 180, f"{space} comes to rest", every=LOOK)
    return mark


def changes(audit: AuditLog, mark: int, space: str) -> list[Request]:
    """What was written in a namespace by whomever; that somebody leads on is no change."""
    found = [request for request in audit.since(mark) if request.is_write and request.namespace == space]
    return [request for request in found if request.resource != "leases"]


def writes(audit: AuditLog, mark: int, *agents: str) -> list[str]:
    found = audit.since(mark, *agents)
    return [f"{r.verb} {r.resource}/{r.subresource} {r.namespace}/{r.name}" for r in found if r.verb in MUTATING]
