"""A cluster full of Microservices: how fast it fills, and what it costs once it is quiet."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.perf.burst import apply_all, make_namespace, rate, remove_namespace, settle
from tests.perf.image_change import Samples, image_changes
from tests.perf.workloads import bare, microservice
from tests.support.audit import MUTATING, AuditLog, Request
from tests.support.figures import Figures, ms, percentile
from tests.support.kube import CHILD_KINDS, RESOURCES, Kube, Object
from tests.support.operator import AGENTS, Operator, running

FEW, MANY, COPIES = "perf-few", "perf-many", "perf-copies"
PARALLELISMS = (8, 16, 32)
CHILD_RESOURCES = frozenset(RESOURCES[kind][1] for kind in CHILD_KINDS)


@dataclass(frozen=True, slots=True)
class Burst:
    """Microservices applied at once, beside as many bare Deployments and a bare client's copies of the children."""

    services_ready: float
    deployments_ready: float
    writes: Sequence[Request]
    bare_rate: float
    bare_parallel: int


@dataclass(frozen=True, slots=True)
class Start:
    """A start of the operator with everything in place: seconds, and what it wrote."""

    ready: float
    reconciled: float
    writes: Sequence[Request]


@dataclass(frozen=True, slots=True)
class Population:
    """What was measured while the cluster was filled with `count` Microservices, ten of them in `FEW`."""

    count: int
    empty_memory: int
    memory: int
    few: Samples
    burst: Burst
    start: Start


async def quiet(audit: AuditLog, seconds: float = 5, limit: float = 120) -> None:
    """Waits until the operator has sent nothing for `seconds`."""
    deadline, mark, since = time.monotonic() + limit, audit.mark(), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, f"the operator is not quiet after {limit} s"
        await asyncio.sleep(0.5)
        if any(busy(audit.since(mark, *AGENTS))):
            mark, since = audit.mark(), time.monotonic()


def busy(requests: Iterable[Request]) -> list[Request]:
    """Requests beyond the watches and the lease."""
    return [r for r in requests if r.verb != "watch" and r.resource != "leases"]


async def _bare_deployments(kube: Kube, template: Object, count: int) -> float:
    """Seconds until `count` plain Deployments with the same pods are ready."""
    namespace = await make_namespace(kube, "perf-deployments")
    took = await settle(kube, [bare(template, namespace, f"d-{i}") for i in range(count)], 600)
    await remove_namespace(kube, namespace)
    return took


async def _bare_writes(kube: Kube) -> tuple[float, int]:
    """The best rate (writes/s) at which a bare client writes copies of all children, and how many it had in flight."""
    lists = [await kube.list(kind, MANY, "app.kubernetes.io/managed-by=trimtab") for kind in CHILD_KINDS]
    by_owner: dict[str, list[Object]] = {}
    for child in (item for found in lists for item in found["items"]):
        by_owner.setdefault(child["metadata"]["labels"]["trimtab.dev/microservice"], []).append(child)
    await make_namespace(kube, COPIES)
    owners, rates = sorted(by_owner), []
    for part, parallel in enumerate(PARALLELISMS):
        copies = [bare(child, COPIES) for owner in owners[part :: len(PARALLELISMS)] for child in by_owner[owner]]
        rates.append((len(copies) / await apply_all(kube, copies, parallel), parallel))
    await remove_namespace(kube, COPIES)
    return max(rates)


async def _burst(kube: Kube, audit: AuditLog, template: Object, count: int) -> Burst:
    deployments_ready = await _bare_deployments(kube, template, count)
    await make_namespace(kube, MANY)
    mark = audit.mark()
    services_ready = await settle(kube, [microservice(MANY, f"many-{i}") for i in range(count)], 600)
    writes = [r for r in busy(audit.since(mark, *AGENTS)) if r.is_write]
    bare_rate, bare_parallel = await _bare_writes(kube)
    return Burst(services_ready, deployments_ready, writes, bare_rate, bare_parallel)


async def _start(operator: Operator, audit: AuditLog, mark: int, count: int) -> Start:
    ready = await operator.ready(120)
    async with asyncio.timeout(120):
        while await operator.metric("controller_runtime_reconcile_total") < count:
            await asyncio.sleep(0.2)
    reconciled = time.monotonic() - operator.started
    await quiet(audit)
    sent = [r for r in busy(audit.since(mark, *AGENTS)) if r.verb in MUTATING]
    return Start(ready, reconciled, sent)


@pytest_asyncio.fixture(scope="module")
async def population(
    kube: Kube, audit: AuditLog, full: bool, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Population]:
    count = 1000 if full else 200
    logs = tmp_path_factory.mktemp("operator")
    await make_namespace(kube, FEW)
    async with running(logs / "first") as operator:
        await quiet(audit)
        empty_memory = operator.resident()
        await settle(kube, [microservice(FEW, f"few-{i}") for i in range(10)], 120)
        template = await kube.get("Deployment", FEW, "few-0")
        assert template
        await quiet(audit)
        few = await image_changes(kube, FEW, template)
        burst = await _burst(kube, audit, template, count - 10)
        await quiet(audit)
        memory = operator.resident()
        await operator.end()
    mark = audit.mark()
    async with running(logs / "second", wait=False) as operator:
        start = await _start(operator, audit, mark, count)
        yield Population(count, empty_memory, memory, few, burst, start)
        await asyncio.gather(remove_namespace(kube, FEW), remove_namespace(kube, MANY))


async def test_all_at_once(population: Population, figures: Figures) -> None:
    burst, what = population.burst, f"{population.count - 10} Microservices at once"
    children = [r for r in burst.writes if r.resource in CHILD_RESOURCES]
    assert len(children) >= 5 * (population.count - 10), "the audit log does not show the children being written"
    child_rate = rate(children)
    figures.add(
        f"{what}: child writes",
        f"{child_rate:.0f}/s ({rate(burst.writes):.0f}/s with status)",
        f"bare client {burst.bare_rate:.0f}/s, {burst.bare_parallel} in flight: {child_rate / burst.bare_rate:.2f}",
        ">= 0.5",
    )
    ratio = burst.services_ready / burst.deployments_ready
    figures.add(
        f"{what}: all Ready",
        f"{burst.services_ready:.1f} s",
        f"as many bare Deployments {burst.deployments_ready:.1f} s: {ratio:.2f}",
        "<= 2",
    )
    assert child_rate > 0.2 * burst.bare_rate
    assert ratio < 5


async def test_image_change(kube: Kube, population: Population, figures: Figures) -> None:
    template = await kube.get("Deployment", FEW, "few-0")
    assert template
    many = await image_changes(kube, FEW, template)
    for count, samples in ((10, population.few), (population.count, many)):
        figures.add(
            f"image change to the new revision's first pod, {count} idle resources",
            f"p50 {ms(percentile(samples.ours, 0.5))}",
            f"plain Deployment {ms(percentile(samples.plain, 0.5))}",
            "p50 < 250 ms",
        )
    ratio = percentile(many.ours, 0.5) / percentile(population.few.ours, 0.5)
    figures.add(f"the same, {population.count} beside 10 idle resources", f"{ratio:.2f}x", "", "<= 1.5x")
    assert ratio < 3


async def test_idle(population: Population, audit: AuditLog, full: bool, figures: Figures) -> None:
    seconds = 60 if full else 20
    await quiet(audit)
    mark = audit.mark()
    await asyncio.sleep(seconds)
    requests = busy(audit.since(mark, *AGENTS))
    figures.add(
        f"API requests of the idle operator in {seconds} s, {population.count} resources", str(len(requests)), "", "0"
    )
    assert not requests


async def test_memory(population: Population, figures: Figures) -> None:
    grown = population.memory - population.empty_memory
    each = grown / population.count / 1024
    figures.add("resident memory without resources", f"{population.empty_memory / 2**20:.0f} MiB", "", "< 120 MiB")
    figures.add(
        f"resident memory with {population.count} resources, their children and a pod each",
        f"{population.memory / 2**20:.0f} MiB: {each:.0f} KiB each",
        "",
        "< 200 KiB each, <= 190 MiB at 1,000",
    )
    assert each < 400


async def test_start_with_all_existing(population: Population, figures: Figures) -> None:
    start = population.start
    figures.add(
        f"start with {population.count} existing",
        f"ready after {start.ready:.1f} s, all reconciled after {start.reconciled:.1f} s, {len(start.writes)} writes",
        "",
        "< 15 s, 0 writes",
    )
    assert not start.writes
