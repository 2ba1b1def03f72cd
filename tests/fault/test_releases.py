"""Releases under kills and sleeping leaders: the same outcome, and S1, S2, S5 and S6 at every write on the way."""

import asyncio
import math
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.fault.faults import Point, kill_at
from tests.fault.laboratory import AT_ONCE
from tests.fault.releases import PATIENCE, End, adopt, broken_properties, end_like, end_of, live, phase, service
from tests.fault.rig import Call, Signature
from tests.fault.test_crash_points import Plan, Verdict
from tests.fault.test_leaders import accepted, has_spoken, leads, replica
from tests.fault.world import world
from tests.support.kube import Kube, KubeError, Object, connect, install_crds, poll
from tests.support.mirror import Mirror, mirroring
from tests.support.traffic import counting

KINDS = ("Microservice", "CanaryRelease", "Deployment", "Service", "HTTPRoute", "Pod", "EndpointSlice")
MOVING = ("canaryreleases", "deployments", "httproutes", "microservices", "services")
"""What a release writes that matters; the rest is the Microservice's own and is killed around elsewhere."""

EACH = 3
"""Of the writes to one object, as many at most are killed around. They are spread over the course of a run, since each
of them says something else: a weight, a number of pods, a decision."""

ROUTES = "httproutes.gateway.networking.k8s.io"


@pytest_asyncio.fixture(scope="module")
async def kube() -> AsyncIterator[Kube]:
    """With routes, as long as this module runs if the cluster has none."""
    if "TRIMTAB_CRDS" not in os.environ:
        pytest.skip("the CRDs of routes come with clusters that hack/cluster starts")
    async with connect() as client:
        await install_crds(client)
        lacking = await client.get("CustomResourceDefinition", "", ROUTES) is None
        for crd in _crds() if lacking else ():
            await client.apply(crd, "trimtab-tests")
        await poll(lambda: _lists(client), 60, "routes are served")
        yield client
        if lacking:
            await client.delete("CustomResourceDefinition", "", ROUTES)


def _crds() -> list[Object]:
    files = sorted((Path(os.environ["TRIMTAB_CRDS"]) / "gateway-api").glob("*.yaml"))
    documents = (document for file in files for document in yaml.safe_load_all(file.read_text()))
    return [document for document in documents if document and document["metadata"]["name"] == ROUTES]


async def _lists(kube: Kube) -> bool:
    try:
        await kube.list("HTTPRoute")
    except KubeError:
        return False
    return True


@dataclass(slots=True)
class Place:
    """Where releases run: simulated pods, a gateway that takes every route in, and counters."""

    kube: Kube
    mirror: Mirror
    folder: Path
    url: str

    def world(self) -> Any:
        """A fresh namespace with an operator of its own."""
        env = {"TRIMTAB_PROMETHEUS_URL": self.url, "TRIMTAB_SCRAPE_INTERVAL": "1s"}
        return world(self.kube, self.mirror, self.folder, env=env)


@pytest_asyncio.fixture(scope="module")
async def place(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        mirror = await stack.enter_async_context(mirroring(KINDS))
        _, url = await stack.enter_async_context(counting(mirror))
        gateway = asyncio.create_task(_accept_routes(kube, mirror))
        stack.callback(gateway.cancel)
        yield Place(kube, mirror, tmp_path_factory.mktemp("releases"), url)


async def _accept_routes(kube: Kube, mirror: Mirror) -> None:
    """Says of each version of each route that it is in effect, as a gateway would."""
    told: dict[tuple[str, str, str], int] = {}

    def untold() -> list[tuple[tuple[str, str, str], Object]]:
        routes = [(key, obj) for key, obj in mirror.objects.items() if key[0] == "HTTPRoute"]
        return [(key, route) for key, route in routes if told.get(key) != route["metadata"]["generation"]]

    while True:
        async with mirror.changed:
            routes = await mirror.changed.wait_for(untold)  # what changes while it tells is not missed
        for key, route in routes:
            told[key] = route["metadata"]["generation"]
            await _accept(kube, route, told[key])


async def _accept(kube: Kube, route: Object, generation: int) -> None:
    conditions = [
        {
            "type": type_,
            "status": "True",
            "reason": type_,
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        for type_ in ("Accepted", "ResolvedRefs")
    ]
    parent = {"parentRef": route["spec"]["parentRefs"][0], "controllerName": "example.test/gateway"}
    metadata = {name: route["metadata"][name] for name in ("name", "namespace")}
    status = {"parents": [{**parent, "conditions": conditions}]}
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "status": status}
    try:
        await kube.apply(body, "gateway", "status")
    except KubeError:
        return  # it is gone


@dataclass(frozen=True, slots=True)
class Learned:
    end: End
    writes: Sequence[Call]


@pytest_asyncio.fixture(scope="module")
async def learned(place: Place) -> Learned:
    async with place.world() as this:
        await live(this)
        end = await end_of(this, quiet=5)  # all others are compared with it
        assert [outcome for outcome, _, _ in end.outcomes] == ["Aborted", "Promoted"]
        assert broken_properties(this) == []
        return Learned(end, [call for call in this.rig.writes if call.resource in MOVING])


def plans_for(writes: Sequence[Call]) -> list[Plan]:
    """One plan for each chosen write, its point taking turns; all writes and points with TRIMTAB_FAULT_FULL=1."""
    signatures = sorted({call.signature for call in writes if call.signature})
    if os.environ.get("TRIMTAB_FAULT_FULL"):
        return [Plan(signature, point) for signature in signatures for point in Point]
    times = Counter(_target(signature) for signature in signatures)
    chosen = [each for each in signatures if (each.nth - 1) % math.ceil(times[_target(each)] / EACH) == 0]
    return [Plan(signature, list(Point)[i % len(Point)]) for i, signature in enumerate(chosen)]


def _target(signature: Signature) -> Signature:
    """What all writes to one object have in common."""
    return replace(signature, nth=0)


async def _carry_out(plan: Plan, place: Place, slots: asyncio.Semaphore, expected: End) -> Verdict:
    """A run with one kill in it."""
    verdict = Verdict(plan)

    def fired() -> None:
        verdict.fired = True

    async with slots:
        try:
            async with place.world() as this:
                this.rig.faults.append(kill_at(plan.signature, plan.point, this.keeper.kill, fired))
                await live(this)
                end = await end_like(this, expected)
                broken = broken_properties(this)
        except AssertionError as error:
            verdict.wrong = str(error)
        else:
            verdict.wrong = f"{end} is not {expected}; {broken}" if end != expected or broken else ""
    return verdict


@pytest.mark.timeout(2400)  # some ten lives of a service, one after another, on a machine that may be busy
async def test_a_kill_around_any_write_of_a_release_changes_no_outcome(place: Place, learned: Learned) -> None:
    plans = plans_for(learned.writes)
    assert len(plans) >= 15, "the rig does not see the operator's writes"
    slots = asyncio.Semaphore(AT_ONCE)
    verdicts = await asyncio.gather(*(_carry_out(plan, place, slots, learned.end) for plan in plans))
    missed = [str(verdict.plan) for verdict in verdicts if not verdict.fired]
    print(f"{len(plans)} kills, {len(missed)} not reached: {missed}")
    wrong = [f"{verdict.plan}: {verdict.wrong}" for verdict in verdicts if verdict.wrong]
    assert not wrong, "\n".join(wrong)
    assert len(missed) <= len(plans) // 4, f"plans that never fired: {missed}"


async def test_a_leader_that_slept_through_a_release_decides_nothing(place: Place) -> None:
    async with place.world() as this, replica(this) as (second, _):
        await adopt(this)
        await poll(lambda: leads(this.keeper), PATIENCE, "the first replica still leads")
        this.keeper.operator.send(signal.SIGSTOP)
        await this.kube.apply(service(this.namespace, "2"))
        await poll(lambda: leads(second), PATIENCE, "the second replica leads")
        await phase(this, "Promoted", 1)
        woken = asyncio.get_running_loop().time()
        this.keeper.operator.send(signal.SIGCONT)
        await poll(lambda: has_spoken(this.rig, woken), PATIENCE, "the first replica is awake")
        await this.still(3)
        assert not accepted(this.rig, woken)
        assert broken_properties(this) == []
