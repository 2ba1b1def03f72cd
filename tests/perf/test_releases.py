"""Releases in numbers: how soon a new image is under way, what many at once cost, and that idle ones cost nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
import pytest_asyncio
from tests.perf.burst import make_namespace, remove_namespace, settle
from tests.perf.test_scale import busy, quiet
from tests.perf.workloads import microservice
from tests.support.audit import AuditLog, Request
from tests.support.figures import Figures, ms, percentile
from tests.support.kube import Kube, Object
from tests.support.mirror import Mirror, mirroring
from tests.support.operator import AGENTS, Operator, running
from tests.support.traffic import Traffic, counting

SPACE = "perf-releases"
SAMPLES = 10
TICKS = 3
SHARING = 50
"""Releases that have a query between them, at least: a query asks 400 questions at most, and a release has four."""
CHECKOUT = {
    "total": {"metric": "checkout_attempts_total"},
    "bad": {"metric": "checkout_failures_total"},
    "successRate": "97%",
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """The namespace that all of it happens in. Services are `s-0`, `s-1`, ..., each with a release of its own.

    `interval`: seconds between two ticks of a release.
    """

    kube: Kube
    mirror: Mirror
    traffic: Traffic
    operator: Operator
    interval: int

    async def add(self, numbers: Sequence[int]) -> None:
        """More services with idle releases."""
        await settle(self.kube, [microservice(SPACE, f"s-{number}") for number in numbers], 600)
        gate = asyncio.Semaphore(8)

        async def adopt(number: int) -> None:
            async with gate:
                await self.kube.apply(canary_release(f"s-{number}", self.interval))

        await asyncio.gather(*(adopt(number) for number in numbers))
        await self.mirror.until(
            lambda: all(self.idle(number) for number in numbers), 600, lambda: f"idle: {self.phases()}"
        )

    def status(self, number: int) -> Object:
        """Of a release."""
        found: Object = self.mirror.objects.get(("CanaryRelease", SPACE, f"s-{number}"), {}).get("status") or {}
        return found

    def idle(self, number: int) -> bool:
        """Whether the service runs side by side, with nothing to release."""
        target: Object = next(iter(self.status(number).get("targets", ())), {})
        echo = self.mirror.objects.get(("Microservice", SPACE, f"s-{number}"), {}).get("status", {}).get("release", {})
        return self.status(number).get("phase") == "Idle" and bool(echo.get("inPlace") and target.get("order"))

    def phases(self) -> dict[str, int]:
        found = [obj.get("status", {}).get("phase", "") for obj in self.mirror.of("CanaryRelease", SPACE)]
        return {phase: found.count(phase) for phase in sorted(set(found))}

    async def change(self, number: int, image: str) -> None:
        await self.kube.patch("Microservice", SPACE, f"s-{number}", {"spec": {"image": image}})

    async def detection(self, number: int) -> float:
        """Seconds from just before a new image is sent to the event about the candidate's first pod."""
        image, before = f"registry.example/app:{time.time_ns()}", len(self.mirror.history)
        begin = time.monotonic()
        await self.change(number, image)

        def first_pod() -> float | None:
            pods = (seen for seen in self.mirror.history[before:] if seen.kind == "Pod" and seen.type == "ADDED")
            return next((s.at for s in pods if any(c["image"] == image for c in s.obj["spec"]["containers"])), None)

        at: float = await self.mirror.until(first_pod, 60, f"a pod of s-{number} with {image}")
        return at - begin


def canary_release(name: str, interval: int) -> Object:
    """One step that lasts for as long as anybody looks, judged by three KPIs that have counters."""
    spec = {
        "targets": [{"name": name}],
        "strategy": {"canary": {"steps": [{"weight": "50%", "bake": "1h"}]}},
        "kpis": [
            {"name": "errors", "requests": {"successRate": "99%"}},
            {"name": "slow", "requests": {"latency": {"under": "250ms", "share": "99%"}}},
            {"name": "checkout", "counter": CHECKOUT},
        ],
        "analysis": {"interval": f"{interval}s", "warmup": "0s", "minRequests": 10},
    }
    metadata = {"name": name, "namespace": SPACE}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": metadata, "spec": spec}


@pytest_asyncio.fixture(scope="module")
async def crowd(kube: Kube, tmp_path_factory: pytest.TempPathFactory, full: bool) -> AsyncIterator[Crowd]:
    await make_namespace(kube, SPACE)
    kinds, interval = ("Microservice", "CanaryRelease", "Pod", "EndpointSlice"), 10 if full else 5
    async with mirroring(kinds, SPACE) as mirror, counting(mirror, interval) as (traffic, url):
        env = {
            "TRIMTAB_PROMETHEUS_URL": url,
            "TRIMTAB_SCRAPE_INTERVAL": f"{interval}s",
            "TRIMTAB_LEASE_NAME": "perf-releases",
        }
        async with running(tmp_path_factory.mktemp("releases") / "log", env=env) as operator:
            yield Crowd(kube, mirror, traffic, operator, interval)
            await remove_namespace(kube, SPACE, 900)


async def test_releases(crowd: Crowd, audit: AuditLog, figures: Figures, full: bool) -> None:
    """One population for all figures, since it takes longer to make than to measure."""
    many, active = (1000, 200) if full else (50, 20)
    await crowd.add(range(SAMPLES))
    await quiet(audit)
    few = [await crowd.detection(number) for number in range(SAMPLES)]
    await crowd.add(range(SAMPLES, many))
    more = [await crowd.detection(number) for number in range(SAMPLES, 2 * SAMPLES)]
    p50, p50_many = percentile(few, 0.5), percentile(more, 0.5)
    figures.add(
        f"image change to the candidate's first pod, {SAMPLES} times beside {many} releases",
        f"p50 {ms(p50_many)}, max {ms(max(more))}",
        f"{SAMPLES} releases: p50 {ms(p50)}: {p50_many / p50:.1f}x",
        "p50 < 250 ms; <= 1.5x",
    )
    await _active(crowd, audit, figures, range(2 * SAMPLES, 2 * SAMPLES + active))
    assert p50_many < 5 * p50, "a release waits for those that have nothing to do"


async def _active(crowd: Crowd, audit: AuditLog, figures: Figures, numbers: range) -> None:
    """Many releases under way: their ticks, and what they cost."""
    await asyncio.gather(*(crowd.change(number, "registry.example/app:2") for number in numbers))

    def baking() -> bool:
        return all(crowd.status(number).get("effectiveWeight") == "50%" for number in numbers)

    await crowd.mirror.until(baking, 300, lambda: f"all at 50 %: {crowd.phases()}")
    await asyncio.sleep(crowd.interval)
    mark, cpu, begin = audit.mark(), crowd.operator.cpu(), time.monotonic()
    queries, sent = crowd.traffic.queries, crowd.traffic.sent
    await asyncio.sleep(TICKS * crowd.interval)
    seconds, asked = time.monotonic() - begin, crowd.traffic.queries - queries
    written = [r for r in audit.since(mark, *AGENTS) if r.resource == "canaryreleases" and r.subresource == "status"]
    late = [request.begin % crowd.interval for request in written]
    under_way = len(numbers) + 2 * SAMPLES
    figures.add(
        f"{under_way} releases under way, ticks of {crowd.interval} s",
        f"{100 * (crowd.operator.cpu() - cpu) / seconds:.0f} % of a core, {crowd.operator.resident() / 2**20:.0f} MiB",
        f"{asked / TICKS:.1f} queries and {(crowd.traffic.sent - sent) / TICKS / 2**20:.2f} MiB a tick, "
        f"{len(written) / TICKS:.0f} writes",
    )
    jitter = _jitter(written, crowd.interval)
    figures.add(
        "the same: how much longer or shorter than a tick a release waits for its next decision",
        f"p50 {ms(percentile(jitter, 0.5))}, p99 {ms(percentile(jitter, 0.99))}, max {ms(max(jitter))}",
        f"from the tick to its decision: p50 {ms(percentile(late, 0.5))}, p99 {ms(percentile(late, 0.99))}",
        "jitter < 1 s",
    )
    assert len(written) >= (TICKS - 1) * len(numbers), "releases miss their ticks"
    assert asked <= (2 + under_way // SHARING) * (seconds / crowd.interval + 1), (
        f"{asked} queries in {seconds:.1f} s of {under_way} releases"
    )


def _jitter(written: Sequence[Request], interval: int) -> list[float]:
    """By how many seconds the time between two decisions of a release differed from that between two ticks."""
    by_name: dict[str, list[float]] = {}
    for request in sorted(written, key=lambda request: request.begin):
        by_name.setdefault(request.name, []).append(request.begin)
    return [abs(later - one - interval) for begun in by_name.values() for one, later in pairwise(begun)]


async def test_idle_releases_cost_nothing(crowd: Crowd, audit: AuditLog, figures: Figures, full: bool) -> None:
    """All releases are ended first, by putting the images back."""
    for number in range(len(crowd.mirror.of("CanaryRelease", SPACE))):
        status = crowd.status(number)
        if status.get("phase") != "Idle":
            value = f"abort/{status['releaseID']}/1"
            metadata = {"annotations": {"trimtab.dev/release": value}}
            await crowd.kube.patch("CanaryRelease", SPACE, f"s-{number}", {"metadata": metadata})
    await crowd.mirror.until(
        lambda: set(crowd.phases()) <= {"Idle", "Aborted"}, 300, lambda: f"at rest: {crowd.phases()}"
    )
    await quiet(audit, limit=900)  # Events have a pace of their own, 5 a second
    seconds = 60 if full else 10
    mark, queries, cpu = audit.mark(), crowd.traffic.queries, crowd.operator.cpu()
    await asyncio.sleep(seconds)
    found = busy(audit.since(mark, *AGENTS))
    figures.add(
        f"{sum(crowd.phases().values())} releases at rest for {seconds} s",
        f"{len(found)} requests, {crowd.traffic.queries - queries} queries",
        f"{100 * (crowd.operator.cpu() - cpu) / seconds:.1f} % of a core",
        "0 and 0",
    )
    assert not found
    assert crowd.traffic.queries == queries
