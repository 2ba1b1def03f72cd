"""A new version of the operator, or of its CRD, changes nothing that runs."""

import signal
import sys
from pathlib import Path

from tests.fault import later_version
from tests.fault.laboratory import Laboratory
from tests.fault.scenario import NAME, PATIENCE, change_image, create, microservice, secret, settled
from tests.fault.snapshot import history
from tests.fault.world import World
from tests.support.kube import Kube, install_crds, namespace, path, poll, remove_crd
from tests.support.mirror import Seen

from trimtab.domain.labels import PLATFORM

PROXY = "registry.example/envoy:2"
LATER = (sys.executable, str(Path(later_version.__file__)), "run")


async def test_a_later_version_restarts_no_pod(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await create(this.kube, this.mirror, this.namespace)
        await this.quiet()
        before, written = history(this.mirror, this.namespace), len(this.rig.writes)

        this.keeper.command = LATER
        this.keeper.operator.send(signal.SIGTERM)
        await poll(lambda: _restarted(this.keeper.exits), PATIENCE, "the operator is started anew")
        await this.keeper.operator.ready()
        await poll(lambda: this.keeper.operator.metric("controller_runtime_reconcile_total"), PATIENCE, "a reconcile")
        await this.quiet(3)
        # The autoscaler without metrics has news now and then, which status passes on; nothing else may change.
        later = [str(call.signature) for call in this.rig.writes[written:] if call.subresource != "status"]
        assert later == []
        assert history(this.mirror, this.namespace) == before

        await change_image(this.kube, this.mirror, this.namespace)
        deployment = this.mirror.objects["Deployment", this.namespace, NAME]
        assert later_version.ANNOTATION in deployment["spec"]["template"]["metadata"]["annotations"]


async def _restarted(exits: list[int]) -> bool:
    return bool(exits)


async def test_another_proxy_restarts_no_pod_until_somebody_asks_for_it(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await this.kube.apply(secret(this.namespace))
        limited = microservice(this.namespace, resilience={"timeout": "2s"})
        await this.kube.apply(limited)
        await settled(this.mirror, this.namespace, "registry.example/orders:1")
        await this.quiet()
        before = history(this.mirror, this.namespace)

        this.keeper.env = {**this.keeper.env, "TRIMTAB_PROXY_IMAGE": PROXY}
        this.keeper.operator.send(signal.SIGTERM)
        await poll(lambda: _restarted(this.keeper.exits), PATIENCE, "the operator is started anew")
        await this.keeper.ready()
        await this.mirror.until(lambda: "available" in _platform(this), PATIENCE, "status names the other proxy")
        await this.quiet(3)
        assert history(this.mirror, this.namespace) == before

        limited["metadata"]["annotations"] = {PLATFORM: _platform(this)["available"]}
        await this.kube.apply(limited)
        await this.mirror.until(lambda: _proxies(this) == {PROXY}, PATIENCE, "all pods have the other proxy")
        await this.mirror.until(lambda: "available" not in _platform(this), PATIENCE, "nothing newer is available")


def _platform(this: World) -> dict[str, str]:
    status = this.mirror.objects["Microservice", this.namespace, NAME].get("status", {})
    platform: dict[str, str] = status.get("platform", {})
    return platform


def _proxies(this: World) -> set[str]:
    pods = (pod for pod in this.mirror.of("Pod", this.namespace) if "job-name" not in pod["metadata"]["labels"])
    return {each["image"] for pod in pods for each in pod["spec"]["initContainers"] if each["name"] == "trimtab-proxy"}


async def test_a_rollback_under_a_later_version_uses_the_record(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await create(this.kube, this.mirror, this.namespace)
        first = this.mirror.objects["Deployment", this.namespace, NAME]["spec"]["template"]
        await change_image(this.kube, this.mirror, this.namespace)
        this.keeper.command = LATER
        this.keeper.kill()
        await this.kube.apply(microservice(this.namespace))
        await settled(this.mirror, this.namespace, "registry.example/orders:1")
        assert this.mirror.objects["Deployment", this.namespace, NAME]["spec"]["template"] == first


async def test_the_crd_goes_and_comes_back_while_the_operator_runs(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await create(this.kube, this.mirror, this.namespace)
        await _collected(this.kube, f"{this.namespace}-probe")
        await remove_crd(this.kube, "microservices.trimtab.dev")  # what is applied to one on its way out goes with it
        await this.mirror.until(
            lambda: not this.mirror.of("Deployment", this.namespace), PATIENCE, "the children follow their owner"
        )
        await install_crds(this.kube)
        await this.kube.apply(secret(this.namespace))
        await this.kube.apply(microservice(this.namespace, "registry.example/orders:3"))
        await settled(this.mirror, this.namespace, "registry.example/orders:3")
        migrations = [seen.obj["metadata"]["name"] for seen in this.mirror.history if _begins(seen, this.namespace)]
        assert len(migrations) == len(set(migrations)) == 2, "each revision's ran once"


async def _collected(kube: Kube, probe: str) -> None:
    """Waits until Kubernetes' garbage collector follows Microservices.

    It looks for new kinds every 30 s; the children of one that went before, with its kind, would stay for ever.
    """
    async with namespace(kube, probe):
        await kube.apply(microservice(probe))
        await kube.call("DELETE", path("Microservice", probe, NAME), {"propagationPolicy": "Foreground"})

        async def gone() -> bool:
            return await kube.get("Microservice", probe, NAME) is None

        await poll(gone, PATIENCE, "a Microservice is deleted by the garbage collector")


def _begins(seen: Seen, namespace: str) -> bool:
    return (seen.kind, seen.type, seen.key[1]) == ("Job", "ADDED", namespace)
