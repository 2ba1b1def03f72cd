"""What the operator itself computes, without any API server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tests.perf.workloads import microservice
from tests.support.figures import Figures

from trimtab.api.analysis import Analysis
from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import ref_of
from trimtab.domain.plan import Apply
from trimtab.domain.release.evidence import terms as evidence_terms
from trimtab.domain.release.evidence.evidence import after, values
from trimtab.domain.release.evidence.evidence import begin as begun
from trimtab.domain.release.evidence.terms import Compare
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.service.decide import decide
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.report import report
from trimtab.domain.status import same
from trimtab.reconcilers.queue import Key, WorkQueue

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def steady() -> Observation:
    """A Microservice all of whose children are as declared, and whose status says so."""
    resource = microservice("shop", "orders")
    resource["metadata"].update(uid="0", generation=1, resourceVersion="1")
    observation = Observation(
        resource=resource, spec=MicroserviceSpec.model_validate(resource["spec"]), children={}, pods=()
    )
    for _ in range(10):
        plan = decide(observation, NOW)
        observation = _carried_out(observation, plan)
        said = report(observation, plan, (), NOW).status
        if not plan.waves and same(said, observation.resource.get("status", {})):
            return observation
        observation = replace(observation, resource={**observation.resource, "status": said})
    raise AssertionError("it does not come to rest")


def _carried_out(observation: Observation, plan: Any) -> Observation:
    children = dict(observation.children)
    for effect in (effect for wave in plan.waves for effect in wave.effects):
        assert isinstance(effect, Apply)
        metadata = {**effect.manifest["metadata"], "uid": "1", "generation": 1, "resourceVersion": "1"}
        children[ref_of(effect.manifest)] = {**effect.manifest, "metadata": metadata}
    status = plan.intent or observation.resource.get("status", {})
    return replace(observation, children=children, resource={**observation.resource, "status": status})


def per_call(function: Callable[[], Any], seconds: float = 1.0) -> float:
    """Microseconds of one call, the best of five rounds."""
    begin, calls = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds / 6:
        function()
        calls += 1
    rounds = []
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        rounds.append((time.perf_counter() - begin) / calls)
    return min(rounds) * 1e6


async def test_a_decision_about_what_is_steady(figures: Figures) -> None:
    observation = steady()
    assert decide(observation, NOW).intent is None

    def look() -> None:
        report(observation, decide(observation, NOW), (), NOW)

    figures.add("decide and report on a steady Microservice", f"{per_call(look):.0f} us", "", "")


async def test_the_queue(figures: Figures) -> None:
    queue = WorkQueue("benchmark")
    keys = [Key("Microservice", "shop", f"service-{i}") for i in range(1000)]

    def collapse() -> None:
        for key in keys:
            queue.add(key)

    def drain() -> None:
        collapse()
        for _ in keys:
            taken = queue.take()
            assert taken
            queue.done(taken)

    full = per_call(drain) / len(keys)
    collapse()
    collapsed = per_call(collapse) / len(keys)
    await asyncio.sleep(0)
    figures.add("queue: add, take and done", f"{full:.1f} us", f"an add that collapses: {collapsed:.2f} us", "")


@pytest.mark.parametrize("failing", [0.005, 0.3])
async def test_ticks_of_many_requests(figures: Figures, failing: float) -> None:
    """What 200 releases with three KPIs have judged at every tick, each KPI by itself."""
    terms = evidence_terms.of(Analysis(), ["99%"], compare=[Compare.BOTH], tick=10, kpis=3)
    generator = np.random.default_rng(5)
    ticks = []
    for _ in range(600):
        bad = generator.binomial([20_000, 80_000], failing)
        ticks.append(_tick(20_000, int(bad[0]), 80_000, int(bad[1])))
    state, last, begin = begun(1), np.array([True]), time.process_time()
    for tick in ticks:
        state = after(state, terms, tick, last=last)
        values(state, terms)
    seconds = time.process_time() - begin
    figures.add(
        f"600 ticks of a KPI judged, 100,000 requests each, {failing:.1%} failing",
        f"{seconds:.2f} s of CPU",
        f"{1e3 * seconds / 600:.1f} ms each",
        "< 3 s",
    )


def _tick(candidate: int, candidate_bad: int, stable: int, stable_bad: int) -> Tick:
    def row(value: int) -> Any:
        return np.array([value], dtype=np.int64)

    return Tick(
        candidate_total=row(candidate),
        candidate_bad=row(candidate_bad),
        candidate_pods=row(4),
        stable_total=row(stable),
        stable_bad=row(stable_bad),
        stable_pods=row(16),
        compared=np.array([True]),
        counts=np.array([True]),
    )
