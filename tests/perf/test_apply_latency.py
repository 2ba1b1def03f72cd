"""From `kubectl apply` of a Microservice to its last child, on an idle system."""

import asyncio
import time

from tests.perf.burst import make_namespace, remove_namespace
from tests.perf.workloads import bare, is_ready, microservice
from tests.support.figures import Figures, ms, percentile
from tests.support.kube import CHILD_KINDS, Kube, Object
from tests.support.mirror import Mirror, mirroring
from tests.support.operator import Operator

SAMPLES = 100
BARE_SAMPLES = 30
OWNED = "app.kubernetes.io/managed-by=trimtab"


def _owner(child: Object) -> str:
    return str(child["metadata"]["labels"]["trimtab.dev/microservice"])


def _children(mirror: Mirror, name: str) -> list[Object]:
    return [child for child in mirror.objects.values() if _owner(child) == name]


async def _one(kube: Kube, mirror: Mirror, namespace: str, name: str, children: int) -> float:
    """Applies one Microservice and returns the seconds until the event about its last child arrived."""
    begin = time.monotonic()
    await kube.apply(microservice(namespace, name))
    await mirror.until(lambda: len(_children(mirror, name)) >= children, 30, f"{children} children of {name}")
    return max(seen.at for seen in mirror.history if seen.type == "ADDED" and _owner(seen.obj) == name) - begin


async def _ready(mirror: Mirror, namespace: str, name: str) -> None:
    key = ("Microservice", namespace, name)
    await mirror.until(lambda: key in mirror.objects and is_ready(mirror.objects[key]), 60, f"{name} Ready")


async def _bare(kube: Kube, children: list[Object], namespace: str, number: int) -> float:
    """A bare client writes the same children: all but the Deployment side by side, then that."""
    copies = [bare(child, namespace, f"{child['metadata']['name']}-{number}") for child in children]
    begin = time.monotonic()
    await asyncio.gather(*(kube.apply(c, "bare-client") for c in copies if c["kind"] != "Deployment"))
    for copy in copies:
        if copy["kind"] == "Deployment":
            await kube.apply(copy, "bare-client")
    return time.monotonic() - begin


async def test_apply_to_last_child(kube: Kube, operator: Operator, figures: Figures) -> None:
    own, other = await make_namespace(kube, "perf-latency"), await make_namespace(kube, "perf-latency-bare")
    async with mirroring(["Microservice"], own) as services, mirroring(CHILD_KINDS, own, OWNED) as mirror:
        await kube.apply(microservice(own, "first"))
        await _ready(services, own, "first")
        children = _children(mirror, "first")
        assert any(child["kind"] == "Deployment" for child in children)

        samples = []
        for i in range(SAMPLES):
            samples.append(await _one(kube, mirror, own, f"sample-{i}", len(children)))
            await _ready(services, own, f"sample-{i}")
    beside = [await _bare(kube, children, other, i) for i in range(BARE_SAMPLES)]
    await asyncio.gather(remove_namespace(kube, own), remove_namespace(kube, other))

    p50, p99 = percentile(samples, 0.5), percentile(samples, 0.99)
    bare_p50 = percentile(beside, 0.5)
    figures.add(
        f"apply of a Microservice to its last of {len(children)} children, {SAMPLES} times",
        f"p50 {ms(p50)}, p99 {ms(p99)}",
        f"bare client writes them in {ms(bare_p50)} (p50): {p50 / bare_p50:.1f}x",
        "p50 < 150 ms, p99 < 1 s",
    )
    assert p50 < 10 * bare_p50, "most of the time is not spent in the API server"
