"""One broken Microservice does not slow the others (L3): beside it, an apply reaches its last child as fast as ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from tests.fault.laboratory import Laboratory
from tests.fault.scenario import PATIENCE
from tests.fault.world import World
from tests.support.figures import ms, percentile
from tests.support.kube import STRATEGIC, Kube, KubeError, Object, path, poll
from tests.support.mirror import Key

SAMPLES = 10
SLOWER = 5
"""A generous bound: 1,000 events in two seconds also burden the API server and the test itself.

How much the machine has to do besides changes from one moment to the next, too, so that a write without any operator is
measured beside each apply.
"""

EXCUSED = 2
"""What makes that write slower is nobody's fault, up to here: an operator that floods the API server does so, too."""


def service(namespace: str, name: str, **changes: object) -> Object:
    """A short Microservice with one pod."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"image": "registry.example/app:1", "replicas": 1, **changes},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Median seconds from an apply to the event that tells of it.

    `bare`: about a ConfigMap. `service`: about the Deployment of a Microservice, which the operator writes last.
    """

    bare: float
    service: float

    def slower_than(self, other: "Latency") -> float:
        """How many times slower the operator was, if it was not the machine."""
        return self.service / other.service / min(EXCUSED, max(1.0, self.bare / other.bare))


async def latency(this: World, prefix: str) -> Latency:
    """Measures both, in turns."""
    bare, services = [], []
    for name in (f"{prefix}-{i}" for i in range(SAMPLES)):
        metadata = {"namespace": this.namespace, "name": f"bare-{name}"}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        bare.append(await _seen_after(this, config, ("ConfigMap", this.namespace, metadata["name"])))
        made = service(this.namespace, name)
        services.append(await _seen_after(this, made, ("Deployment", this.namespace, name)))
    return Latency(bare=percentile(bare, 0.5), service=percentile(services, 0.5))


async def _seen_after(this: World, manifest: Object, key: Key) -> float:
    begin = time.monotonic()
    await this.kube.apply(manifest)
    await this.mirror.until(lambda: key in this.mirror.objects, PATIENCE, f"{key}")
    return next(s.at for s in this.mirror.history if s.key == key and s.type == "ADDED") - begin


@asynccontextmanager
async def denied(this: World) -> AsyncIterator[None]:
    """Admission refuses one Microservice's Deployment, again and again."""
    name = f"deny-{this.namespace}"
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": this.namespace}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": "object.metadata.name != 'broken'", "message": "not in this house"}],
    }
    api = "admissionregistration.k8s.io/v1"
    kind = "ValidatingAdmissionPolicy"
    await this.kube.apply({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": policy})
    binding = {"policyName": name, "validationActions": ["Deny"]}
    await this.kube.apply({"apiVersion": api, "kind": f"{kind}Binding", "metadata": {"name": name}, "spec": binding})
    try:
        await poll(lambda: _is_denied(this), PATIENCE, "the policy is in force")
        await this.kube.apply(service(this.namespace, "broken"))
        await _says(this, "broken", "ChildDenied")
        yield
    finally:
        await this.kube.delete(f"{kind}Binding", "", name)
        await this.kube.delete(kind, "", name)


async def _is_denied(this: World) -> bool:
    labels = {"app": "broken"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "x"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "broken"}, "spec": spec}
    try:
        await this.kube.call("POST", path("Deployment", this.namespace), body, dryRun="All")
    except KubeError as error:
        return "not in this house" in str(error)
    return False


@asynccontextmanager
async def unpullable(this: World) -> AsyncIterator[None]:
    """The image cannot be pulled. Told in the kubelet's words, since fake nodes pull nothing."""
    await _running_pods(this, 1)
    await _tell(this.kube, this, "ImagePullBackOff", 0)
    await _says(this, "broken", "ImagePullBackOff")
    yield


@asynccontextmanager
async def crashing(this: World) -> AsyncIterator[None]:
    """Ten pods crash, and say so 1,000 times in all, while the others are measured."""
    await _running_pods(this, 10)
    await _tell(this.kube, this, "CrashLoopBackOff", 0)
    await _says(this, "broken", "CrashLoopBackOff")

    async def storm() -> None:
        for count in range(1, 101):
            await _tell(this.kube, this, "CrashLoopBackOff", count)

    noise = asyncio.create_task(storm())
    yield
    await noise


async def _running_pods(this: World, count: int) -> None:
    """Pods that are past the stage in which the fake kubelet would still write their status."""
    await this.kube.apply(service(this.namespace, "broken", replicas=count))
    await _says(this, "broken", "Available")
    await this.mirror.until(lambda: len(_pods(this)) == count, PATIENCE, lambda: f"{count} pods: {_pods(this)}")


def _pods(this: World) -> list[Object]:
    found = this.mirror.of("Pod", this.namespace)
    return [pod for pod in found if pod["metadata"]["labels"]["trimtab.dev/microservice"] == "broken"]


async def _tell(kube: Kube, this: World, reason: str, restarts: int) -> None:
    """Every pod of the broken Microservice reports a waiting container."""
    state = {"waiting": {"reason": reason, "message": "back-off"}}
    container = {"name": "app", "image": "x", "imageID": "", "ready": False, "restartCount": restarts, "state": state}
    if restarts:
        container["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    unready = [{"type": kind, "status": "False"} for kind in ("Ready", "ContainersReady")]
    body = {"status": {"conditions": unready, "containerStatuses": [container]}}
    names = [pod["metadata"]["name"] for pod in _pods(this)]
    await asyncio.gather(*(kube.patch("Pod", this.namespace, name, body, "status", STRATEGIC) for name in names))


async def _says(this: World, name: str, reason: str) -> None:
    def said() -> bool:
        status = this.mirror.objects.get(("Microservice", this.namespace, name), {}).get("status", {})
        return any(c["reason"] == reason for c in status.get("conditions", ()) if c["type"] == "Ready")

    await this.mirror.until(
        said, PATIENCE, lambda: f"{reason}: {this.mirror.objects.get(('Microservice', this.namespace, name))}"
    )


TROUBLE = {"its children are denied": denied, "its image cannot be pulled": unpullable, "its pods crash": crashing}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_neighbours_are_as_fast_as_ever(trouble: str, laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await latency(this, "warm")
        undisturbed = await latency(this, "alone")
        async with TROUBLE[trouble](this):
            beside = await latency(this, "beside")
    told = f"{ms(beside.service)} beside, {ms(undisturbed.service)} alone"
    bare = f"{ms(beside.bare)} and {ms(undisturbed.bare)} without an operator"
    print(f"{trouble}: {told}; {bare}: {beside.slower_than(undisturbed):.1f}x")
    assert beside.slower_than(undisturbed) < SLOWER
