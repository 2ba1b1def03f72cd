"""What the operator would write about a release, for commands that read it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.kube import Kube, Object

STABLE, CANDIDATE = "a1b2c3d4e5", "g5tme2hiyb"
API = "trimtab.dev/v1alpha1"


class Operator:
    """What the operator would write about one release of `orders`."""

    def __init__(self, kube: Kube, space: str) -> None:
        self.kube = kube
        self.space = space

    async def begin(self) -> None:
        metadata = {"name": "orders", "namespace": self.space}
        spec = {
            "targets": [{"name": "orders"}],
            "strategy": {"canary": {"steps": [{"weight": "25%", "bake": "2m"}, {"weight": "50%", "bake": "2m"}]}},
            "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        }
        image = {"image": "registry.example/orders:1.4.2"}
        await self.kube.apply({"apiVersion": API, "kind": "Microservice", "metadata": metadata, "spec": image})
        await self.kube.apply({"apiVersion": API, "kind": "CanaryRelease", "metadata": metadata, "spec": spec})
        await self.say("Microservice", revision=CANDIDATE, stableRevision=STABLE)
        await self.step(1)

    async def step(self, number: int) -> None:
        target = {"name": "orders", "stable": STABLE, "candidate": CANDIDATE}
        await self.say("Microservice", release={"weight": f"{25 * number}%"})
        message = f"step {number} of 2, at {25 * number} %: bakes"
        await self.say(
            "CanaryRelease",
            phase="Progressing",
            releaseID=CANDIDATE,
            step=number,
            steps=2,
            position=f"{number}/2",
            weight=f"{25 * number}%",
            targets=[target],
            conditions=[condition("False", "Progressing", message)],
        )

    async def promote(self) -> None:
        await self.say(
            "CanaryRelease",
            phase="Promoted",
            targets=[{"name": "orders", "stable": CANDIDATE, "stableVersion": "1.4.2"}],
            conditions=[condition("True", "Promoted", "the newest revision is stable")],
        )

    async def abort(self) -> None:
        rejected = {"revision": CANDIDATE, "reason": "NotReady", "at": "2026-01-02T03:04:05Z"}
        await self.say(
            "CanaryRelease",
            phase="Aborted",
            targets=[{"name": "orders", "stable": STABLE, "rejected": rejected}],
            conditions=[condition("False", "Aborted", "orders was rejected")],
        )

    async def say(self, kind: str, name: str = "orders", **status: Any) -> None:
        resource = await self.kube.get(kind, self.space, name)
        assert resource is not None
        patch = {"status": {"observedGeneration": resource["metadata"]["generation"], **status}}
        await self.kube.patch(kind, self.space, name, patch, "status")

    async def annotation(self, name: str, kind: str = "CanaryRelease", of: str = "orders") -> str:
        """The value of an annotation, as soon as it is there."""
        found = await self.kube.list(kind, self.space)
        for item in found["items"]:
            if item["metadata"]["name"] == of and (value := item["metadata"].get("annotations", {}).get(name)):
                return str(value)
        async for _, item in self.kube.watch(kind, self.space, since=found["metadata"]["resourceVersion"]):
            if item["metadata"]["name"] == of and (value := item["metadata"].get("annotations", {}).get(name)):
                return str(value)
        raise AssertionError(f"nobody has set {name}")

    @asynccontextmanager
    async def answering(self, result: str, message: str) -> AsyncIterator[asyncio.Task[str]]:
        """Answers the next verb; the task's result is its value."""
        task = asyncio.create_task(self._answer(result, message))
        try:
            yield task
        finally:
            task.cancel()

    async def _answer(self, result: str, message: str) -> str:
        async with asyncio.timeout(120):
            value = await self.annotation("trimtab.dev/release")
        await self.say("CanaryRelease", verb={"value": value, "result": result, "message": message})
        return value


def condition(status: str, reason: str, message: str) -> Object:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "observedGeneration": 1,
    }
