"""A cluster full of Microservices: how fast it fills, and what it costs once it is quiet."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.perf.baselines import Baseline, api_cpu, bare_copies, bare_deployments, bare_writes, children_of
from tests.perf.burst import make_namespace, rate, remove_namespace, settle
from tests.perf.image_change import Samples, image_changes
from tests.perf.workloads import microservice
from tests.support.audit import MUTATING, AuditLog, Request
from tests.support.figures import Figures, ms, percentile
from tests.support.kube import CHILD_KINDS, RESOURCES, Kube, Object
from tests.support.operator import AGENTS, Operator, running

FEW, MANY = "perf-few", "perf-many"
LOOK = 0.5
"""Seconds between looks at the audit log. Silence is counted in looks: a machine that stands still is silent, too."""
CHILD_RESOURCES = frozenset(RESOURCES[kind][1] for kind in CHILD_KINDS)


@dataclass(frozen=True, slots=True)
class Burst:
    """Microservices applied at once, beside as many bare Deployments and a bare client's copies of the children.

    `requests` are those of the operator until it rested, `operator_cpu` is its CPU for each Microservice in seconds.
    """

    services: Baseline
    deployments: Baseline
    requests: Sequence[Request]
    operator_cpu: float
    children: Mapping[str, Sequence[Object]]
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
    copies: Baseline
    start: Start


async def quiet(audit: AuditLog, seconds: float = 5, limit: float = 120) -> None:
    """Waits until the operator has sent nothing for `seconds`."""
    deadline, mark, looks = time.monotonic() + limit, audit.mark(), 0
    while looks * LOOK < seconds:
        assert time.monotonic() < deadline, f"the operator is not quiet after {limit} s"
        await asyncio.sleep(LOOK)
        end, looks = audit.mark(), looks + 1
        if any(busy(audit.since(mark, *AGENTS))):
            mark, looks = end, 0


def busy(requests: Iterable[Request]) -> list[Request]:
    """Requests beyond the watches and the lease."""
    return [r for r in requests if r.verb != "watch" and r.resource != "leases"]


async def _burst(kube: Kube, audit: AuditLog, operator: Operator, template: Object, count: int) -> Burst:
    deployments = await bare_deployments(kube, template, count)
    await make_namespace(kube, MANY)
    mark, api, own = audit.mark(), await api_cpu(kube), operator.cpu()
    ready = await settle(kube, [microservice(MANY, f"many-{i}") for i in range(count)], 600)
    used = (await api_cpu(kube) - api) / count
    await quiet(audit)
    own, requests = operator.cpu() - own, busy(audit.since(mark, *AGENTS))
    children = await children_of(kube, MANY)
    rate_of_bare, in_flight = await bare_writes(kube, children)
    return Burst(
        services=Baseline(ready, used),
        deployments=deployments,
        requests=requests,
        operator_cpu=own / count,
        children=children,
        bare_rate=rate_of_bare,
        bare_parallel=in_flight,
    )


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
        burst = await _burst(kube, audit, operator, template, count - 10)
        await quiet(audit)
        memory = operator.resident()
        await operator.end()
    one = await kube.get("Microservice", MANY, "many-0")
    assert one
    copies = await bare_copies(kube, burst.children, one["status"])
    mark = audit.mark()
    async with running(logs / "second", wait=False) as operator:
        start = await _start(operator, audit, mark, count)
        yield Population(count, empty_memory, memory, few, burst, copies, start)
        await asyncio.gather(remove_namespace(kube, FEW), remove_namespace(kube, MANY))


async def test_all_at_once(population: Population, figures: Figures) -> None:
    burst, what = population.burst, f"{population.count - 10} Microservices at once"
    writes = [r for r in burst.requests if r.is_write]
    children = [r for r in writes if r.resource in CHILD_RESOURCES]
    assert len(children) >= 5 * (population.count - 10), "the audit log does not show the children being written"
    child_rate = rate(children)
    figures.add(
        f"{what}: child writes",
        f"{child_rate:.0f}/s",
        f"bare client {burst.bare_rate:.0f}/s, {burst.bare_parallel} in flight: {child_rate / burst.bare_rate:.2f}",
        ">= 0.5",
    )
    ready, deployments, copies = burst.services.ready, burst.deployments.ready, population.copies.ready
    figures.add(
        f"{what}: all Ready",
        f"{ready:.1f} s",
        f"as many bare Deployments {deployments:.1f} s: {ready / deployments:.2f}; "
        f"all the same objects by a bare client {copies:.1f} s: {ready / copies:.2f}",
        "<= 2 of the Deployments",
    )
    assert child_rate > 0.2 * burst.bare_rate
    assert ready / deployments < 5


async def test_cost_of_a_service(population: Population, figures: Figures) -> None:
    burst = population.burst
    count = population.count - 10
    figures.add(
        "CPU of the API server for each new Microservice",
        ms(burst.services.api_cpu),
        f"bare Deployment {ms(burst.deployments.api_cpu)}, "
        f"all the same objects by a bare client {ms(population.copies.api_cpu)}",
        "",
    )
    events = [r for r in burst.requests if r.resource == "events"]
    each = (len(burst.requests) - len(events)) / count
    figures.add("CPU of the operator for each new Microservice", ms(burst.operator_cpu), f"{each:.2f} requests", "")
    assert each < 9, "six children, a decision, a report, and little else"
    lists = sum(r.verb == "list" for r in burst.requests)
    assert lists < count / 4, "one list of bindings serves all services that were known when it began"


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
