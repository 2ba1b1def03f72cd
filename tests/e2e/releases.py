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
    analysis = {"interval": "1s", "readyWithin": "120s", "deadline": "10m", **parts.pop("analysis", {})}
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

    async def until(self, name: str, condition: Callable[[Object], Any], what: str, seconds: float = 300) -> Object:
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

    async def phase(self, name: str, *phases: str, seconds: float = 300) -> Object:
        """The status, as soon as the phase is one of these."""
        return await self.until(name, lambda s: s.get("phase") in phases, f"phase {' or '.join(phases)}", seconds)

    async def settled(self, name: str, *services: str, seconds: float = 240) -> None:
        """Waits until the policy is taken in, and its services (unless said, that of its name) are Ready under it."""
        await self.phase(name, "Idle", "Promoted", seconds=seconds)
        wanted = services or (name,)

        async def under_the_policy() -> bool:
            found = [(await self.space.get(service)).get("status", {}) for service in wanted]
            return all(status.get("release", {}).get("inPlace") for status in found)

        await poll(under_the_policy, seconds, f"{', '.join(wanted)}: released side by side", every=0.2)
        await self.space.ready(*wanted, seconds=seconds)

    async def begun(self, name: str, *, seconds: float = 240) -> Object:
        """The status, as soon as a release is under way with a candidate."""
        return await self.until(
            name, lambda s: s.get("phase") in RUNNING and s.get("candidate"), "the release is under way", seconds
        )

    async def ended(self, name: str, outcome: str, *, seconds: float = 400) -> Object:
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
            name, lambda o: o.get("status", {}).get("observedGeneration") == generation, "the spec was seen", 120
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
            name, lambda s: s.get("verb", {}).get("value") == value, f"{verb} is acknowledged", seconds=120
        )
        return dict(status["verb"])

    async def approve(self, name: str) -> None:
        """Grants the approval that the step waits for, once it does: pods that come and go put that off."""

        async def granted() -> bool:
            await self.phase(name, "AwaitingApproval")
            return bool((await self.say(name, "promote"))["result"] == "Accepted")

        await poll(granted, 240, "the step is approved")

    async def leads_to(self, name: str, revision: str) -> None:
        """Waits until the route names that revision alone: others leave it after the Gateway confirmed weight 0."""

        async def alone() -> bool:
            return await self.split(name) == {f"{name}-{revision}": 100}

        await poll(alone, 120, f"the route of {name} leads to {revision} alone", every=0.2)

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

    async def serving(self, name: str, revision: str, count: int) -> list[Object]:
        """The pods of one revision, as soon as just so many are ready: each may be unready for a moment at any time."""

        async def look() -> list[Object] | None:
            found = await self.pods_of(name, revision)
            return found if len(found) == count else None

        found: list[Object] = await poll(look, 240, f"{count} pods of {name}-{revision} are ready", every=0.3)
        return found

    async def alone(self, name: str, revision: str) -> None:
        """Waits until all pods of the service are of that revision: those of others go after their Deployment."""

        async def look() -> bool:
            return {p["metadata"]["labels"]["trimtab.dev/revision"] for p in await self.space.pods(name)} == {revision}

        await poll(look, 120, f"the pods of {name} are all of {revision}", every=0.3)

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
