"""What the cluster needs without us: bare Deployments, and a bare client that writes all that we write."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.perf.burst import PARALLEL, all_ready, apply_all, make_namespace, remove_namespace, settle
from tests.perf.workloads import bare, microservice
from tests.support.kube import CHILD_KINDS, Kube, Object

COPIES = "perf-copies"
PARALLELISMS = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Seconds until `count` of something are ready, and seconds of the API server's CPU until then for each of them."""

    ready: float
    api_cpu: float


async def api_cpu(kube: Kube) -> float:
    """Seconds of CPU that the API server has used, by its own account."""
    async with kube.session.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))


async def bare_deployments(kube: Kube, template: Object, count: int) -> Baseline:
    """Plain Deployments with the same pods."""
    namespace = await make_namespace(kube, "perf-deployments")
    before = await api_cpu(kube)
    ready = await settle(kube, [bare(template, namespace, f"d-{i}") for i in range(count)], 600)
    used = await api_cpu(kube) - before
    await remove_namespace(kube, namespace)
    return Baseline(ready, used / count)


async def children_of(kube: Kube, namespace: str) -> Mapping[str, Sequence[Object]]:
    """All children in a namespace as a bare client would write them, by the name of their Microservice."""
    found: dict[str, list[Object]] = {}
    for kind in CHILD_KINDS:
        for child in (await kube.list(kind, namespace, "app.kubernetes.io/managed-by=trimtab"))["items"]:
            found.setdefault(child["metadata"]["labels"]["trimtab.dev/microservice"], []).append(bare(child, COPIES))
    return found


async def bare_writes(kube: Kube, children: Mapping[str, Sequence[Object]]) -> tuple[float, int]:
    """The best rate (writes/s) at which a bare client writes the children, and how many it had in flight."""
    await make_namespace(kube, COPIES)
    owners, rates = sorted(children), []
    for part, parallel in enumerate(PARALLELISMS):
        copies = [child for owner in owners[part :: len(PARALLELISMS)] for child in children[owner]]
        rates.append((len(copies) / await apply_all(kube, copies, parallel), parallel))
    await remove_namespace(kube, COPIES)
    return max(rates)


async def bare_copies(kube: Kube, children: Mapping[str, Sequence[Object]], status: Object) -> Baseline:
    """All that the services are, by a client that decides and watches nothing: Microservice, status, children, status.

    No operator may run meanwhile.
    """
    await make_namespace(kube, COPIES)
    before, since = await api_cpu(kube), (await kube.list("Deployment", COPIES))["metadata"]["resourceVersion"]
    waiting = iter(children.items())

    async def worker() -> None:
        for owner, parts in waiting:
            resource = microservice(COPIES, owner)
            await kube.apply(resource, manager="bare-client")
            del resource["spec"]
            await kube.apply({**resource, "status": {**status, "readyReplicas": 0}}, "bare-status", "status")
            for part in parts:
                await kube.apply(part, manager="bare-client")
            await kube.apply({**resource, "status": status}, "bare-status", "status")

    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(PARALLEL):
            group.create_task(worker())
        group.create_task(all_ready(kube, "Deployment", COPIES, children.keys(), since, 600))
    ready = time.monotonic() - begin
    used = await api_cpu(kube) - before
    await remove_namespace(kube, COPIES)
    return Baseline(ready, used / len(children))
