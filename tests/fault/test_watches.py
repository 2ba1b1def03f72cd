"""What the operator does not hear: broken, silent and lying watch streams (A3, A8, A9), and watchers that die."""

import asyncio
import json

from tests.fault.faults import for_seconds
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.rig import Answer, Rig, status
from tests.fault.scenario import NAME, PATIENCE, change_image, create, secret
from tests.support.kube import Object, install_crds, poll, remove_crd
from tests.support.mirror import mirroring


def error(code: int, reason: str) -> Object:
    """An ERROR event of a watch stream."""
    return {"type": "ERROR", "object": status(code, reason, reason)}


async def _disturb(rig: Rig, every: float) -> None:
    """Cuts the streams and declares them expired in turn, until cancelled."""
    while True:
        await asyncio.sleep(every)
        rig.cut_watches()
        await asyncio.sleep(every)
        rig.inject(error(410, "Expired"))


async def test_streams_that_keep_breaking(laboratory: Laboratory, learned: Learned) -> None:
    async with laboratory.slots, laboratory.world() as this:
        disturbance = asyncio.create_task(_disturb(this.rig, 0.3))
        await this.pass_through()
        disturbance.cancel()
        assert not await learned.unlike(this)


async def test_a_child_deleted_while_nobody_watched_comes_back(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await create(this.kube, this.mirror, this.namespace)
        await this.quiet()
        before = this.mirror.objects["Deployment", this.namespace, NAME]["metadata"]["uid"]
        this.rig.deaf = True
        await this.kube.delete("Deployment", this.namespace, NAME)
        await this.mirror.until(
            lambda: ("Deployment", this.namespace, NAME) not in this.mirror.objects, PATIENCE, "the Deployment is gone"
        )
        this.rig.inject(error(410, "Expired"))
        this.rig.deaf = False

        def is_back() -> bool:
            found = this.mirror.objects.get(("Deployment", this.namespace, NAME))
            return found is not None and found["metadata"]["uid"] != before

        await this.mirror.until(is_back, PATIENCE, "a new Deployment")
        await change_image(this.kube, this.mirror, this.namespace)


async def test_a_stream_that_fails_for_good_ends_the_process(laboratory: Laboratory) -> None:
    """A dead watcher in a live process would be deaf for ever (kopf#1276); an ended one is started again."""
    async with laboratory.slots, laboratory.world() as this, mirroring(["Microservice"], this.namespace):
        await create(this.kube, this.mirror, this.namespace)
        assert this.rig.inject(error(500, "InternalError"), "microservices")
        async with asyncio.timeout(PATIENCE):
            while not this.keeper.exits:
                await asyncio.sleep(0.1)
        assert this.keeper.exits[0] != 0
        await change_image(this.kube, this.mirror, this.namespace)


OURS = "/apis/trimtab.dev/v1alpha1"


async def test_a_kind_that_discovery_tells_of_late_is_watched(laboratory: Laboratory) -> None:
    """kopf looks once after a CRD's event; an API server under load tells of the new kind only some seconds later."""
    async with laboratory.slots, laboratory.world(env={"TRIMTAB_NAMESPACES": ""}) as this:
        await remove_crd(this.kube, "servicebindings.trimtab.dev")
        before = json.dumps(await this.kube.call("GET", OURS)).encode()
        try:
            late = for_seconds(5, lambda call: call.path == OURS, lambda _: Answer(200, before))
            this.rig.faults.append(late)
        finally:
            await install_crds(this.kube)
        await this.kube.apply(secret(this.namespace))
        await this.kube.apply(
            {
                "apiVersion": "trimtab.dev/v1alpha1",
                "kind": "ServiceBinding",
                "metadata": {"namespace": this.namespace, "name": "legacy"},
                "spec": {"secret": {"name": "credentials"}},
            }
        )

        async def is_bound() -> bool:
            found = await this.kube.get("ServiceBinding", this.namespace, "legacy") or {}
            conditions = found.get("status", {}).get("conditions", ())
            return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

        await poll(is_bound, PATIENCE, "the ServiceBinding is Bound")
