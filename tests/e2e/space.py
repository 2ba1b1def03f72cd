"""A namespace of the tests: what a person does in it with Microservices, and how to wait for what comes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.e2e.diagnosis import describe
from tests.support.kube import Kube, KubeError, Object, path, poll
from tests.support.kubectl import items, kubectl

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def microservice(namespace: str, name: str, image: str, **spec: Any) -> Object:
    """A small Microservice of the demo application; a part of the spec that is None is left out."""
    env = {"SERVICE": name, "SHUTDOWN_DRAIN": "3s", **spec.pop("env", {})}
    parts = {
        "image": image,
        "replicas": 1,
        "env": [{"name": k, **(v if isinstance(v, dict) else {"value": v})} for k, v in env.items()],
        # Ready at once, and not unready for as long as a machine that others take CPU from may stand still.
        "health": {"readiness": {"path": "/readyz", "periodSeconds": 1, "failureThreshold": 10}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "shutdown": {"drain": "2s", "grace": "10s"},
        **spec,
    }
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {field: value for field, value in parts.items() if value is not None},
    }


UNDER_LOAD: Mapping[str, Any] = {
    "resources": {"requests": {"cpu": "30m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    "shutdown": {"drain": "8s", "grace": "15s"},
}
"""What a service is given that must lose no request: a share of a busy machine's CPU, and the time that its routers
need there to hear of a pod that goes, though one of those who tell them stands still for 5 s. Little enough that what
runs side by side fits on a node of two cores.
"""


def conditions(obj: Object) -> Mapping[str, Object]:
    """The conditions by type; none while they are about an older generation than the object's."""
    status = obj.get("status", {})
    if status.get("observedGeneration") != obj["metadata"]["generation"]:
        return {}
    return {c["type"]: c for c in status.get("conditions", ())}


def is_ready(obj: Object) -> bool:
    """Whether the object, as it is now, says that it is Ready."""
    return conditions(obj).get("Ready", {}).get("status") == "True"


def blockers(obj: Object) -> Mapping[str, Object]:
    """What it waits for, by reason."""
    return {blocker["reason"]: blocker for blocker in obj.get("status", {}).get("waitingFor", ())}


def is_pod_ready(pod: Object) -> bool:
    """Whether the pod is ready and is to stay."""
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
    return ready and "deletionTimestamp" not in pod["metadata"]


def uids(objects: Iterable[Object]) -> set[str]:
    """The UIDs of objects: equal sets mean that nothing was replaced."""
    return {obj["metadata"]["uid"] for obj in objects}


@dataclass(frozen=True, slots=True)
class Space:
    """One namespace, and the client to work in it."""

    kube: Kube
    name: str

    async def apply(self, name: str, image: str, **spec: Any) -> Object:
        """Applies a Microservice; see microservice() for the spec."""
        return await self.kube.apply(microservice(self.name, name, image, **spec))

    async def get(self, name: str) -> Object:
        """The Microservice."""
        found = await self.kube.get("Microservice", self.name, name)
        assert found, f"Microservice {self.name}/{name} does not exist"
        return found

    async def until(self, name: str, condition: Callable[[Object], Any], what: str, seconds: float = 240) -> Object:
        """The Microservice, as soon as `condition` is true of it."""

        async def look() -> Object | None:
            found = await self.get(name)
            return found if condition(found) else None

        try:
            result: Object = await poll(look, seconds, what, every=0.25)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}\n{(await self.get(name)).get('status')}") from None
        return result

    async def ready(self, *names: str, seconds: float = 240) -> list[Object]:
        """Waits until all these Microservices are Ready at their present generation."""
        return await asyncio.gather(*(self.until(name, is_ready, "Ready", seconds) for name in names))

    async def pods(self, name: str, component: str = "service") -> list[Object]:
        """The pods of a Microservice that are not on their way out."""
        labels = f"trimtab.dev/microservice={name},app.kubernetes.io/component={component}"
        found = (await self.kube.list("Pod", self.name, labels))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    async def owned(self, kind: str, name: str) -> list[Object]:
        """The objects of one kind that carry the label of a Microservice."""
        found: list[Object] = (await self.kube.list(kind, self.name, f"trimtab.dev/microservice={name}"))["items"]
        return found

    async def everything(self, name: str) -> list[Object]:
        """Every object of the namespace, of whatever kind, that carries the label of a Microservice."""
        kinds = (await kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name")).split()
        asked = ",".join(kind for kind in kinds if not kind.startswith("events"))
        found = await items(asked, "-n", self.name, "-l", f"trimtab.dev/microservice={name}")
        # Endpoints copy a Service's labels, pod metrics those of a pod. They go once their controllers notice.
        return [obj for obj in found if obj["kind"] not in ("Endpoints", "EndpointSlice", "PodMetrics")]

    async def ask(self, name: str, url: str = "/") -> Object:
        """The JSON answer of a Microservice, asked through the API server's service proxy."""
        return await self.kube.call("GET", path("Service", self.name, f"{name}:8080", "proxy") + url)

    async def answers(self, name: str, url: str = "/", **fields: Any) -> Object:
        """The answer of a Microservice, as soon as it has these fields.

        Its Service leads to new pods, and no more to old ones, a moment after it is Ready: a controller has to hear of
        them first. What must have served all the time is to be asked just once.
        """

        async def look() -> Object | None:
            with suppress(KubeError):
                found = await self.ask(name, url)
                return found if fields.items() <= found.items() else None
            return None

        found: Object = await poll(look, 120, f"{name}{url} answers with {fields}", every=0.25)
        return found

    async def kubectl(self, *args: str, stdin: str = "", seconds: float = 180) -> str:
        """`kubectl args` in this namespace."""
        return await kubectl("-n", self.name, *args, stdin=stdin, seconds=seconds)


@asynccontextmanager
async def new_space(kube: Kube, title: str) -> AsyncIterator[Space]:
    """A namespace that enforces `restricted`, and goes with all that is in it; its end is not waited for."""
    name = f"e2e-{title}-{uuid4().hex[:4]}"
    await kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(RESTRICTED)}})
    # A pod cannot be made before the namespace has its default ServiceAccount.
    await poll(lambda: kube.get("ServiceAccount", name, "default"), 120, "the default ServiceAccount")
    try:
        yield Space(kube, name)
    except BaseException:
        print(describe(name))
        raise
    finally:
        try:
            await kube.delete("Namespace", "", name)
        except KubeError as error:
            # A test that deletes its own namespace has got ahead of us.
            if error.code != 409:
                raise
