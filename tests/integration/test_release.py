"""Releases by the operator as a process, on a real API server with simulated pods, and counters as pods would have."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.shop import Shop, writes
from tests.support.audit import AuditLog
from tests.support.kube import Kube, Object, namespace, poll
from tests.support.mirror import Mirror, mirroring
from tests.support.operator import AGENTS, Operator, running
from tests.support.traffic import Traffic, counting

KINDS = ("Microservice", "CanaryRelease", "Deployment", "Pod", "EndpointSlice")
STEPS = {"canary": {"steps": [{"weight": "50%", "bake": "1s"}]}}
IMPATIENT = {"interval": "1s", "readyWithin": "5s"}
APPROVED = {"canary": {"steps": [{"weight": "50%", "bake": "1s", "approval": "Required"}]}}
NOWHERE = {"placement": {"nodeSelector": {"example.test/no-node": "has-this"}}}
PATIENCE = 240
"""Seconds after which a phase that has not come will not."""


@pytest_asyncio.fixture(scope="module")
async def mirror(kube: Kube) -> AsyncIterator[Mirror]:
    async with mirroring(KINDS) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def store(mirror: Mirror) -> AsyncIterator[tuple[Traffic, str]]:
    async with counting(mirror) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def operator(
    kube: Kube, store: tuple[Traffic, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Operator]:
    env = {
        "TRIMTAB_LEASE_NAME": "releases",
        "TRIMTAB_PROMETHEUS_URL": store[1],
        "TRIMTAB_SCRAPE_INTERVAL": "1s",
    }
    async with running(tmp_path_factory.mktemp("operator") / "log", env=env) as process:
        yield process


@dataclass
class Releases:
    """One namespace with one service and its release policy."""

    shop: Shop
    mirror: Mirror

    async def policy(self, name: str = "orders", **spec: Any) -> None:
        """Applies a CanaryRelease of `orders`."""
        body = {
            "targets": [{"name": "orders"}],
            "strategy": STEPS,
            "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
            "analysis": {"interval": "1s", "readyWithin": "120s"},
            "watch": "0s",
            **spec,
        }
        metadata = {"name": name, "namespace": self.shop.space}
        manifest = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": metadata, "spec": body}
        await self.shop.kube.apply(manifest, "user")

    async def at_rest(self, **spec: Any) -> None:
        """A service under a policy, with nothing to release."""
        await self.shop.apply()
        await self.shop.ready()
        await self.policy(**spec)
        await self.phase("Idle")

        def side_by_side() -> bool:
            return self.replicas() == {f"orders-{self.service().get('revision')}": 2}

        await self.mirror.until(side_by_side, PATIENCE, "the service runs side by side")

    async def deploy(self, version: str, **spec: Any) -> None:
        await self.shop.apply(image=f"registry.example/orders:{version}", **spec)

    async def shows(self, look: Callable[[], Any], wanted: Any, what: str) -> None:
        """Waits until that is seen, too: on other watches than that of releases it comes in its own time."""
        await self.mirror.until(lambda: look() == wanted, PATIENCE, lambda: f"{what}: {look()}")

    async def serves(self, version: str) -> None:
        """Waits until the ready pods behind the service's own name are those of this version."""
        await self.shows(self.addressed, {version}, "versions behind the service")

    async def tells(self, kind: str, type_: str, *wanted: str) -> None:
        """Waits until a condition has that status and reason."""
        await self.shows(lambda: self.condition(kind, type_), wanted, f"{type_} of {kind}")

    async def say(self, verb: str, release: str = "", nonce: str = "") -> None:
        """Sets the annotation of a verb."""
        about = release or self.status()["releaseID"]
        value = {"trimtab.dev/release": f"{verb}/{about}/{nonce or uuid.uuid4().hex[:8]}"}
        await self.shop.kube.patch("CanaryRelease", self.shop.space, "orders", {"metadata": {"annotations": value}})

    async def phase(self, *phases: str, name: str = "orders") -> Object:
        """Waits for a phase and returns the status."""
        await self.mirror.until(
            lambda: self.status(name).get("phase") in phases, PATIENCE, lambda: f"{phases}: {self.status(name)}"
        )
        return self.status(name)

    def status(self, name: str = "orders") -> Object:
        found = self.mirror.objects.get(("CanaryRelease", self.shop.space, name), {})
        status: Object = found.get("status") or {}
        return status

    def service(self) -> Object:
        """The status of the service; empty until its watch has told of it."""
        found = self.mirror.objects.get(("Microservice", self.shop.space, "orders"), {})
        status: Object = found.get("status") or {}
        return status

    def started(self, begin: int) -> list[Object]:
        """The pods that were made since that place in the mirror's history."""
        seen = [each for each in self.mirror.history[begin:] if each.kind == "Pod" and each.type == "ADDED"]
        return [each.obj for each in seen if each.obj["metadata"]["namespace"] == self.shop.space]

    def rejections(self) -> list[str]:
        """Why revisions of the service were rejected."""
        return [each["reason"] for each in self.service().get("rejectedRevisions", ())]

    def replicas(self) -> dict[str, int]:
        """The Deployments that have pods."""
        found = {
            each["metadata"]["name"]: each["spec"]["replicas"] for each in self.mirror.of("Deployment", self.shop.space)
        }
        return {name: replicas for name, replicas in found.items() if replicas}

    def addressed(self) -> set[str]:
        """The images of the ready pods behind the service's own name."""
        slices = self.mirror.of("EndpointSlice", self.shop.space)
        own = [each for each in slices if each["metadata"]["labels"]["kubernetes.io/service-name"] == "orders"]
        endpoints = [end for each in own for end in each.get("endpoints") or () if end["conditions"].get("ready")]
        pods = {pod["metadata"]["name"]: pod for pod in self.mirror.of("Pod", self.shop.space)}
        found = [pods[end["targetRef"]["name"]] for end in endpoints if end["targetRef"]["name"] in pods]
        images = [c["image"] for pod in found for c in pod["spec"]["containers"] if c["name"] == "app"]
        return {image.rpartition(":")[2] for image in images}

    def condition(self, kind: str, type_: str) -> tuple[str, str]:
        found = self.mirror.objects[kind, self.shop.space, "orders"]["status"]["conditions"]
        return next(((each["status"], each["reason"]) for each in found if each["type"] == type_), ("", ""))


@pytest_asyncio.fixture
async def releases(kube: Kube, mirror: Mirror, operator: Operator) -> AsyncIterator[Releases]:
    async with namespace(kube, f"rel-{uuid.uuid4().hex[:8]}") as space:
        yield Releases(shop=Shop(kube, space), mirror=mirror)


@pytest.mark.skipif("TRIMTAB_AUDIT_LOG" not in os.environ, reason="needs the audit log of a cluster of our own")
async def test_an_idle_release_costs_no_request_and_no_query(releases: Releases, store: tuple[Traffic, str]) -> None:
    await releases.at_rest()
    audit = AuditLog(os.environ["TRIMTAB_AUDIT_LOG"])

    async def silent(seconds: float) -> bool:
        """Whether that time brings neither a write nor a query."""
        mark, queries = audit.mark(), store[0].queries
        await asyncio.sleep(seconds)
        ours = [write for write in writes(audit, mark, *AGENTS) if releases.shop.space in write]
        return not ours and store[0].queries == queries

    await poll(lambda: silent(15), 180, "what the last reports have set off ends")


async def test_a_good_revision_is_promoted_and_its_judged_pods_stay(releases: Releases) -> None:
    await releases.at_rest()
    old = releases.service()["revision"]
    begin = len(releases.mirror.history)
    await releases.deploy("2")
    status = await releases.phase("Promoted")
    await releases.shows(lambda: releases.service().get("version"), "2", "the newest version")
    new = releases.service()["revision"]
    assert [(each["outcome"], each["versions"][0]["version"]) for each in status["history"]] == [("Promoted", "2")]
    await releases.shows(releases.replicas, {f"orders-{new}": 2}, "Deployments")
    await releases.serves("2")
    await releases.tells("Microservice", "Released", "True", "Released")
    await releases.shows(lambda: len(releases.started(begin)), 2, "pods started, none of them twice")
    assert old not in {pod["metadata"]["labels"]["trimtab.dev/revision"] for pod in releases.started(begin)}


async def test_a_revision_whose_pods_never_get_ready_goes_back(releases: Releases) -> None:
    await releases.at_rest(analysis=IMPATIENT)
    await releases.deploy("2", **NOWHERE)
    status = await releases.phase("Aborted")
    assert status["history"][0]["reason"] == "NotReadyWithin"
    await releases.serves("1.4.2")
    await releases.tells("Microservice", "Ready", "True", "Available")
    await releases.tells("Microservice", "Released", "False", "RevisionRejected")
    await releases.tells("CanaryRelease", "Stalled", "True", "Aborted")
    await releases.policy()
    await releases.deploy("2")
    await releases.phase("Promoted")
    await releases.serves("2")


async def test_people_pause_and_abort_and_a_stale_verb_is_refused(releases: Releases) -> None:
    await releases.at_rest(strategy=APPROVED)
    await releases.deploy("2")
    await releases.phase("AwaitingApproval")
    await releases.say("promote", release="0123456789")
    refused = lambda: releases.status().get("verb", {}).get("result") == "Refused"  # noqa: E731
    await releases.mirror.until(refused, PATIENCE, "a stale verb is refused")
    assert releases.status()["phase"] == "AwaitingApproval"
    await releases.say("pause")
    await releases.phase("Paused")
    await releases.say("abort")
    await releases.phase("Aborted")
    await releases.serves("1.4.2")
    await releases.say("retry")
    await releases.phase("AwaitingApproval")
    await releases.say("promote")
    await releases.phase("Promoted")
    await releases.serves("2")


async def test_a_second_policy_of_the_same_service_waits_for_its_turn(releases: Releases) -> None:
    await releases.at_rest()
    made = releases.mirror.objects["CanaryRelease", releases.shop.space, "orders"]["metadata"]["creationTimestamp"]
    older = datetime.fromisoformat(made) + timedelta(seconds=1)

    async def another_second() -> bool:
        """Whether what is made now has a later creationTimestamp, which has whole seconds."""
        return datetime.now(UTC) >= older

    await poll(another_second, 5, "a later second")
    await releases.policy("later")
    await releases.phase("Stalled", name="later")
    await releases.shop.kube.delete("CanaryRelease", releases.shop.space, "orders")
    await releases.phase("Idle", "Promoted", name="later")


async def test_the_end_of_the_policy_ends_its_release_and_the_side_by_side(releases: Releases) -> None:
    await releases.at_rest(strategy=APPROVED)
    await releases.deploy("2")
    await releases.phase("AwaitingApproval")
    await releases.shop.kube.delete("CanaryRelease", releases.shop.space, "orders")
    await releases.mirror.until(lambda: releases.replicas() == {"orders": 2}, PATIENCE, "rolling updates are back")
    await releases.serves("1.4.2")
    await releases.shows(releases.rejections, ["ReleasePolicyDeleted"], "rejected revisions")


async def test_a_store_that_fails_holds_nothing_that_only_pods_decide(
    releases: Releases, store: tuple[Traffic, str]
) -> None:
    await releases.at_rest(strategy=APPROVED)
    store[0].broken = True
    try:
        await releases.deploy("2")
        await releases.phase("AwaitingApproval")
    finally:
        store[0].broken = False
    await releases.say("promote")
    await releases.phase("Promoted")
