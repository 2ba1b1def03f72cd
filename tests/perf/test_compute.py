"""What the operator itself computes, without any API server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.perf.workloads import microservice
from tests.support.figures import Figures

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import ref_of
from trimtab.domain.plan import Apply
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
