"""Releases under kills and sleeping leaders: the same outcome, and S1, S2, S5 and S6 at every write on the way."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.fault.faults import kill_at
from tests.fault.laboratory import AT_ONCE
from tests.fault.rig import Call
from tests.fault.test_crash_points import Plan, plans_for
from tests.fault.test_leaders import accepted, leads, replica
from tests.fault.world import Run, World, world
from tests.support.kube import Kube, KubeError, Object, connect, install_crds, poll
from tests.support.mirror import Mirror, mirroring
from tests.support.release_properties import violations
from tests.support.traffic import counting

KINDS = ("Microservice", "CanaryRelease", "Deployment", "Service", "HTTPRoute", "Pod", "EndpointSlice")
MOVING = ("canaryreleases", "deployments", "httproutes", "microservices", "services")
"""What a release writes that matters; the rest is the Microservice's own and is killed around elsewhere."""

PATIENCE = 120
NOWHERE = {"placement": {"nodeSelector": {"example.test/no-node": "has-this"}}}
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
    while True:
        async with mirror.changed:
            await mirror.changed.wait()
        routes = [(key, obj) for key, obj in mirror.objects.items() if key[0] == "HTTPRoute"]
        for key, route in routes:
            generation = route["metadata"]["generation"]
            if told.get(key) != generation:
                told[key] = generation
                await _accept(kube, route, generation)


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


# --- the scenario: one release goes through, the next comes back


def service(namespace: str, version: str, **spec: Any) -> Object:
    body = {
        "image": f"registry.example/orders:{version}",
        "replicas": 2,
        "expose": {"gateway": {"name": "public"}, "hosts": ["shop.example"]},
        **spec,
    }
    metadata = {"namespace": namespace, "name": "orders"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": body}


def policy(namespace: str) -> Object:
    spec = {
        "targets": [{"name": "orders"}],
        "strategy": {"canary": {"steps": [{"weight": "50%", "bake": "1s"}]}},
        "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        "analysis": {"interval": "1s", "readyWithin": "5s"},
        "watch": "0s",
    }
    metadata = {"namespace": namespace, "name": "orders"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": metadata, "spec": spec}


def status(mirror: Mirror, namespace: str, kind: str = "CanaryRelease") -> Object:
    found: Object = mirror.objects.get((kind, namespace, "orders"), {}).get("status") or {}
    return found


async def _phase(this: World, phase: str, releases: int) -> None:
    def reached() -> bool:
        found = status(this.mirror, this.namespace)
        return found.get("phase") == phase and len(found.get("history", ())) == releases

    await this.mirror.until(reached, PATIENCE, lambda: f"{phase}: {status(this.mirror, this.namespace)}")


async def adopt(this: World) -> None:
    """A service that runs side by side."""
    await this.kube.apply(service(this.namespace, "1"))
    await this.kube.apply(policy(this.namespace))
    await _phase(this, "Idle", 0)
    echo = lambda: status(this.mirror, this.namespace, "Microservice").get("release", {})  # noqa: E731
    await this.mirror.until(lambda: echo().get("inPlace"), PATIENCE, lambda: f"side by side: {echo()}")


async def promote(this: World) -> None:
    """A revision that goes through."""
    await this.kube.apply(service(this.namespace, "2"))
    await _phase(this, "Promoted", 1)


async def abort(this: World) -> None:
    """A revision whose pods never get ready."""
    await this.kube.apply(service(this.namespace, "3", **NOWHERE))
    await _phase(this, "Aborted", 2)


@dataclass(frozen=True, slots=True)
class End:
    """What must be the same however often the operator died: outcomes, who serves, and how many pods were started."""

    outcomes: Sequence[tuple[str, str, str]]
    replicas: dict[str, int]
    route: dict[str, int]
    started: dict[str, int]
    rejected: Sequence[str]


async def end_of(this: World) -> End:
    """Looks once everything is quiet."""
    await this.quiet()
    mirror, namespace = this.mirror, this.namespace
    deployments = {each["metadata"]["name"]: each["spec"]["replicas"] for each in mirror.of("Deployment", namespace)}
    (route,) = mirror.of("HTTPRoute", namespace)
    backends = route["spec"]["rules"][-1]["backendRefs"]
    pods = [seen for seen in mirror.history if seen.kind == "Pod" and seen.type == "ADDED" and seen.key[1] == namespace]
    revisions = [seen.obj["metadata"]["labels"]["trimtab.dev/revision"] for seen in pods]
    return End(
        outcomes=[
            (each["outcome"], each["reason"], each["versions"][0]["revision"])
            for each in status(mirror, namespace)["history"]
        ],
        replicas={name: replicas for name, replicas in sorted(deployments.items()) if replicas},
        route={each["name"]: each.get("weight", 1) for each in backends},
        started={revision: revisions.count(revision) for revision in sorted(set(revisions))},
        rejected=[each["revision"] for each in status(mirror, namespace, "Microservice").get("rejectedRevisions", ())],
    )


def broken_properties(this: World) -> list[str]:
    """S1, S2, S5 and S6 at every write in this world's namespace."""
    own = Mirror()
    own.history = [seen for seen in this.mirror.history if seen.key[1] == this.namespace]
    return violations(own)


async def live(this: World) -> End:
    for stage in (adopt, promote, abort):
        await stage(this)
    return await end_of(this)


@dataclass(frozen=True, slots=True)
class Learned:
    end: End
    writes: Sequence[Call]


@pytest_asyncio.fixture(scope="module")
async def learned(place: Place) -> Learned:
    async with place.world() as this:
        end = await live(this)
        assert [outcome for outcome, _, _ in end.outcomes] == ["Aborted", "Promoted"]
        assert broken_properties(this) == []
        return Learned(end, [call for call in this.rig.writes if call.resource in MOVING])


async def _carry_out(plan: Plan, place: Place, slots: asyncio.Semaphore, expected: End) -> str:
    """What went wrong in a run with one kill in it; empty if nothing did."""
    async with slots:
        try:
            async with place.world() as this:
                this.rig.faults.append(kill_at(plan.signature, plan.point, this.keeper.kill, lambda: None))
                end = await live(this)
                wrong = broken_properties(this)
        except AssertionError as error:
            return f"{plan}: {error}"
    return f"{plan}: {end} is not {expected}; {wrong}" if end != expected or wrong else ""


async def test_a_kill_around_any_write_of_a_release_changes_no_outcome(place: Place, learned: Learned) -> None:
    plans = plans_for(Run({}, Counter(), learned.writes))
    assert len(plans) >= 15, "the rig does not see the operator's writes"
    slots = asyncio.Semaphore(AT_ONCE)
    wrong = await asyncio.gather(*(_carry_out(plan, place, slots, learned.end) for plan in plans))
    print(f"{len(plans)} kills")
    assert not any(wrong), "\n".join(filter(None, wrong))


async def test_a_leader_that_slept_through_a_release_decides_nothing(place: Place) -> None:
    async with place.world() as this, replica(this) as (second, _):
        await adopt(this)
        assert await leads(this.keeper)
        this.keeper.operator.send(signal.SIGSTOP)
        await this.kube.apply(service(this.namespace, "2"))
        await poll(lambda: leads(second), PATIENCE, "the second replica leads")
        await _phase(this, "Promoted", 1)
        woken = asyncio.get_running_loop().time()
        this.keeper.operator.send(signal.SIGCONT)
        await this.still(3)
        assert not accepted(this.rig, woken)
        assert broken_properties(this) == []
