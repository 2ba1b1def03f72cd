"""What a person does with CanaryReleases in a namespace of the tests, and how to wait for what comes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.e2e.space import Space, is_pod_ready
from tests.support.kube import KubeError, Object, path, poll
from tests.support.mirror import Mirror, mirroring
from tests.support.release_properties import KINDS, violations

VERB = "trimtab.dev/release"
RUNNING = ("Progressing", "AwaitingApproval", "Paused", "Held", "Promoting", "Watching", "Retiring", "Aborting")


def canary_release(namespace: str, name: str, **spec: Any) -> Object:
    """A CanaryRelease of the Microservice of the same name: two short steps, judged by its pods, no watch."""
    parts = {
        "targets": [{"name": name}],
        "strategy": {"canary": {"steps": [{"weight": "20%", "bake": "2s"}, {"weight": "50%", "bake": "2s"}]}},
        "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        "watch": "0s",
        **spec,
    }
    analysis = {"interval": "1s", "readyWithin": "60s", "deadline": "10m", **parts.pop("analysis", {})}
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CanaryRelease",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {field: value for field, value in {**parts, "analysis": analysis}.items() if value is not None},
    }


@dataclass(frozen=True, slots=True)
class Releases:
    """The CanaryReleases of one namespace."""

    space: Space

    async def apply(self, name: str, **spec: Any) -> Object:
        """Applies a CanaryRelease; see canary_release() for the spec."""
        return await self.space.kube.apply(canary_release(self.space.name, name, **spec))

    async def get(self, name: str) -> Object:
        """The CanaryRelease."""
        found = await self.space.kube.get("CanaryRelease", self.space.name, name)
        assert found, f"CanaryRelease {self.space.name}/{name} does not exist"
        return found

    async def until(self, name: str, condition: Callable[[Object], Any], what: str, seconds: float = 90) -> Object:
        """The status, as soon as `condition` is true of it."""

        async def look() -> Object | None:
            status = (await self.get(name)).get("status", {})
            return status if condition(status) else None

        try:
            result: Object = await poll(look, seconds, what, every=0.2)
        except AssertionError as error:
            service = (await self.space.get(name)).get("status", {}) if await self._has(name) else {}
            seen = (await self.get(name)).get("status")
            raise AssertionError(f"{name}: {error}\n{seen}\nMicroservice: {service}") from None
        return result

    async def _has(self, name: str) -> bool:
        return await self.space.kube.get("Microservice", self.space.name, name) is not None

    async def phase(self, name: str, *phases: str, seconds: float = 90) -> Object:
        """The status, as soon as the phase is one of these."""
        return await self.until(name, lambda s: s.get("phase") in phases, f"phase {' or '.join(phases)}", seconds)

    async def settled(self, name: str, *, seconds: float = 60) -> Object:
        """Waits until the policy is taken in and the service is Ready under it."""
        await self.phase(name, "Idle", "Promoted", seconds=seconds)

        async def under_the_policy() -> bool:
            status = (await self.space.get(name))["status"]
            return bool(status.get("release", {}).get("inPlace"))

        await poll(under_the_policy, seconds, f"{name} is released side by side", every=0.2)
        return (await self.space.ready(name, seconds=seconds))[0]

    async def begun(self, name: str, *, seconds: float = 60) -> Object:
        """The status, as soon as a release is under way with a candidate."""
        return await self.until(
            name, lambda s: s.get("phase") in RUNNING and s.get("candidate"), "the release is under way", seconds
        )

    async def ended(self, name: str, outcome: str, *, seconds: float = 120) -> Object:
        """The status, as soon as the release of the service's present spec has ended so."""
        revision = await self.revision(name)

        def over(status: Object) -> bool:
            history = status.get("history", ())
            released = [version["revision"] for version in history[0]["versions"]] if history else []
            return bool(history) and history[0]["outcome"] == outcome and revision in released

        return await self.until(name, over, f"{outcome} ({revision})", seconds)

    async def revision(self, name: str) -> str:
        """The revision of the service's present spec."""
        generation = (await self.space.get(name))["metadata"]["generation"]
        found = await self.space.until(
            name, lambda o: o.get("status", {}).get("observedGeneration") == generation, "the spec was seen", 30
        )
        return str(found["status"]["revision"])

    async def say(self, name: str, verb: str, release: str | None = None) -> Object:
        """Sets the annotation of a verb, and returns what became of it: {value, result, message}."""
        named = release or (await self.get(name))["status"]["releaseID"]
        value = f"{verb}/{named}/{uuid4().hex[:6]}"
        await self.space.kube.patch(
            "CanaryRelease", self.space.name, name, {"metadata": {"annotations": {VERB: value}}}
        )
        status = await self.until(
            name, lambda s: s.get("verb", {}).get("value") == value, f"{verb} is acknowledged", seconds=30
        )
        return dict(status["verb"])

    async def split(self, name: str) -> dict[str, int]:
        """The weights of the service's route by name of backend; the last rule is the one without matches."""
        route = await self.space.kube.get("HTTPRoute", self.space.name, name)
        assert route, f"no route {name}"
        backends = route["spec"]["rules"][-1]["backendRefs"]
        return {backend["name"]: backend.get("weight", 1) if len(backends) > 1 else 100 for backend in backends}

    async def pods_of(self, name: str, revision: str) -> list[Object]:
        """The ready pods of one revision."""
        pods = await self.space.pods(name)
        return [p for p in pods if p["metadata"]["labels"]["trimtab.dev/revision"] == revision and is_pod_ready(p)]

    async def crash(self, pod: Object) -> None:
        """Ends the application in a pod of the demo application; kubelet starts it again."""
        name = pod["metadata"]["name"]
        with suppress(KubeError):  # nobody is left to answer
            await self.space.kube.call("POST", path("Pod", self.space.name, f"{name}:8080", "proxy") + "/admin/crash")


@asynccontextmanager
async def holding_to_the_rules(space: Space, *, grace: float = 0.0) -> AsyncIterator[Mirror]:
    """Watches everything that happens in the namespace, and fails if any write broke a safety property."""
    async with mirroring(KINDS, space.name) as mirror:
        yield mirror
        await asyncio.sleep(0)
        broken = violations(mirror, grace=grace)
    assert not broken, "\n".join(broken)


def restarts(pods: list[Object]) -> int:
    """How often containers of these pods were started again."""
    return sum(c["restartCount"] for pod in pods for c in pod["status"].get("containerStatuses", ()))
