"""From a changed image to the first pod that has it."""

import time
from dataclasses import dataclass

from tests.perf.burst import make_namespace, remove_namespace, settle
from tests.perf.workloads import bare, is_ready
from tests.support.kube import MERGE, STRATEGIC, Kube, Object
from tests.support.mirror import Mirror, mirroring

ROUNDS = 3
RESOURCES = 10


@dataclass(frozen=True, slots=True)
class Samples:
    """Seconds from just before the change was sent to the event about the new pod."""

    ours: list[float]
    plain: list[float]


async def image_changes(kube: Kube, namespace: str, template: Object) -> Samples:
    """Changes the images of the Microservices few-0 to few-9 in turn, and of as many plain Deployments beside them."""
    other = await make_namespace(kube, f"{namespace}-plain")
    await settle(kube, [bare(template, other, f"few-{i}") for i in range(RESOURCES)], 120)
    begin = time.time_ns()
    samples = Samples([], [])
    async with (
        mirroring(["Pod", "Microservice"], namespace) as ours,
        mirroring(["Pod", "Deployment"], other) as plain,
    ):
        for number in range(ROUNDS * RESOURCES):
            name, image = f"few-{number % RESOURCES}", f"registry.example/app:{begin}-{number}"
            samples.ours.append(await _one(kube, ours, ("Microservice", namespace, name), {"image": image}))
            containers = [{"name": "app", "image": image}]
            patch = {"template": {"spec": {"containers": containers}}}
            samples.plain.append(await _one(kube, plain, ("Deployment", other, name), patch))
    await remove_namespace(kube, other)
    return samples


async def _one(kube: Kube, mirror: Mirror, key: tuple[str, str, str], spec: Object) -> float:
    kind, namespace, name = key
    image = spec["image"] if "image" in spec else spec["template"]["spec"]["containers"][0]["image"]
    before = len(mirror.history)
    begin = time.monotonic()
    await kube.patch(kind, namespace, name, {"spec": spec}, how=STRATEGIC if kind == "Deployment" else MERGE)

    def first_pod() -> float | None:
        pods = (s for s in mirror.history[before:] if s.kind == "Pod" and s.type == "ADDED")
        return next((s.at for s in pods if any(c["image"] == image for c in s.obj["spec"]["containers"])), None)

    at: float = await mirror.until(first_pod, 60, f"a pod of {name} with {image}")
    await mirror.until(lambda: is_ready(mirror.objects[key]), 60, f"{kind} {name} ready")
    return at - begin
