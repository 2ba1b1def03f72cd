"""The life of one Microservice that every fault plan goes through: it is created, changed, and loses a part."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.kube import Kube, Object
from tests.support.markers import plain
from tests.support.markers import secret as marked
from tests.support.mirror import Mirror

NAME = "orders"
MIGRATE = {"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"], "deadline": "5m"}
REPORT = {"name": "report", "run": "Schedule", "schedule": "0 3 1 1 *", "command": ["/app/report"]}


def secret(namespace: str) -> Object:
    """What the service and its image pulls need."""
    metadata = {"namespace": namespace, "name": "credentials"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": marked("of-orders")}}


def microservice(namespace: str, image: str = "registry.example/orders:1", **changes: Any) -> Object:
    """The Microservice of the scenario; `changes` replace fields of its spec, None removes one."""
    reference = {"secretKeyRef": {"name": "credentials", "key": "password"}}
    spec = {
        "image": image,
        "env": [
            {"name": "PASSWORD", "valueFrom": reference},
            {"name": "LITERAL_PASSWORD", "value": plain("of-orders")},
        ],
        "config": {"data": {"feature": "on"}, "mountPath": "/etc/orders"},
        "scaling": {"min": 2, "max": 4, "cpu": "70%"},
        "jobs": [MIGRATE, REPORT],
        **changes,
    }
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"namespace": namespace, "name": NAME},
        "spec": {field: value for field, value in spec.items() if value is not None},
    }


async def create(kube: Kube, mirror: Mirror, namespace: str) -> None:
    """A first revision, after its migration."""
    await kube.apply(secret(namespace))
    await kube.apply(microservice(namespace))
    await settled(mirror, namespace, "registry.example/orders:1")


async def change_image(kube: Kube, mirror: Mirror, namespace: str) -> None:
    """A second revision, after its own migration."""
    await kube.apply(microservice(namespace, "registry.example/orders:2"))
    await settled(mirror, namespace, "registry.example/orders:2")


async def take_away(kube: Kube, mirror: Mirror, namespace: str) -> None:
    """What the autoscaler and the schedule were made from goes, and so must they."""
    smaller = microservice(namespace, "registry.example/orders:2", scaling=None, replicas=2, jobs=[MIGRATE])
    await kube.apply(smaller)
    await settled(mirror, namespace, "registry.example/orders:2")
    gone = ("HorizontalPodAutoscaler", "CronJob")
    await mirror.until(lambda: not any(mirror.of(kind, namespace) for kind in gone), PATIENCE, "pruned children")


Stage = Callable[[Kube, Mirror, str], Awaitable[None]]
STAGES: tuple[Stage, ...] = (create, change_image, take_away)

PATIENCE = 240
"""Seconds after which a run that has not reached the next stage has failed."""


async def settled(mirror: Mirror, namespace: str, image: str) -> None:
    """Waits until status says Ready of the present generation, and exactly the pods of `image` are left."""

    def is_settled() -> bool:
        resource = mirror.objects.get(("Microservice", namespace, NAME))
        return resource is not None and is_ready(resource) and _images(mirror, namespace) == {image}

    await mirror.until(is_settled, PATIENCE, lambda: f"{NAME} settled with {image}: {_story(mirror, namespace)}")


def is_ready(resource: Object) -> bool:
    """Ready, and said about the present generation."""
    status = resource.get("status", {})
    current = status.get("observedGeneration") == resource["metadata"]["generation"]
    return current and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))


def _images(mirror: Mirror, namespace: str) -> set[str]:
    pods = (pod for pod in mirror.of("Pod", namespace) if "job-name" not in pod["metadata"]["labels"])
    return {pod["spec"]["containers"][0]["image"] for pod in pods}


def _story(mirror: Mirror, namespace: str) -> str:
    resource = mirror.objects.get(("Microservice", namespace, NAME), {})
    children = sorted(key for key in mirror.objects if key[1] == namespace)
    return f"{resource.get('status')}, {[f'{kind}/{name}' for kind, _, name in children]}"
