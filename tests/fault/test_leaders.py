"""Two replicas (L1, L2): however the leader stops, one of them works, and a stale one decides nothing any more."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fault.faults import write
from tests.fault.laboratory import Laboratory
from tests.fault.rig import Answer, Call, Proceed, Rig, rigged
from tests.fault.scenario import PATIENCE, change_image, create, settled
from tests.fault.scenario import microservice as scenario_microservice
from tests.fault.world import Keeper, World
from tests.support.kube import path, poll
from tests.support.markers import secret

LEADER = "leader_election_master_status"


@asynccontextmanager
async def replica(this: World) -> AsyncIterator[tuple[Keeper, Rig]]:
    """A second operator beside that of a world, which leads by then, with a rig of its own."""
    await poll(lambda: leads(this.keeper), PATIENCE, "the first replica leads")
    async with rigged(this.folder, f"{this.namespace}-second", secret("token")) as (rig, kubeconfig):
        env = {**this.keeper.env, "KUBECONFIG": str(kubeconfig), "TRIMTAB_IDENTITY": "second"}
        keeper = Keeper(this.folder / f"{this.namespace}-second.log", env)
        try:
            await keeper.operator.ready()
            yield keeper, rig
        finally:
            await keeper.close()


async def leads(keeper: Keeper) -> bool:
    """Whether this replica says that it leads."""
    return bool(await keeper.operator.metric(LEADER))


def accepted(rig: Rig, since: float) -> list[str]:
    """The writes that the API server carried out for one replica after a moment of the loop's time."""
    return [str(call.signature) for call in rig.writes if call.at > since and call.code < 300]


async def test_a_leader_that_slept_past_its_lease_writes_nothing(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this, replica(this) as (second, _):
        await create(this.kube, this.mirror, this.namespace)
        await poll(lambda: leads(this.keeper), PATIENCE, "the first replica still leads")
        this.keeper.operator.send(signal.SIGSTOP)
        await poll(lambda: leads(second), PATIENCE, "the second replica leads")
        await change_image(this.kube, this.mirror, this.namespace)

        woken = asyncio.get_running_loop().time()
        this.keeper.operator.send(signal.SIGCONT)
        await poll(lambda: has_spoken(this.rig, woken), PATIENCE, "the first replica is awake")
        await this.still(3)
        assert not accepted(this.rig, woken)
        await poll(lambda: leads(second), PATIENCE, "the second replica still leads")


async def has_spoken(rig: Rig, since: float) -> bool:
    """Whether a replica has asked for anything after a moment of the loop's time."""
    return any(call.at > since for call in rig.calls)


async def test_a_stale_decision_on_its_way_is_refused(laboratory: Laboratory) -> None:
    """The decision left in time, but arrives after the second replica has decided otherwise."""
    async with laboratory.slots, laboratory.world() as this, replica(this) as (second, _):
        await create(this.kube, this.mirror, this.namespace)
        held, released = asyncio.Event(), asyncio.Event()
        stale: list[Answer] = []

        async def hold(call: Call, proceed: Proceed) -> Answer | None:
            if held.is_set() or not (write("microservices")(call) and b"resourceVersion" in call.body):
                return None
            held.set()
            await released.wait()
            stale.append(await proceed())
            return stale[0]

        this.rig.faults.append(hold)
        await this.kube.apply(scenario_microservice(this.namespace, "registry.example/orders:2"))
        async with asyncio.timeout(PATIENCE):
            await held.wait()
        this.keeper.operator.send(signal.SIGSTOP)
        await poll(lambda: leads(second), PATIENCE, "the second replica leads")
        await settled(this.mirror, this.namespace, "registry.example/orders:2")
        released.set()
        await poll(lambda: _answered(stale), PATIENCE, "the stale decision was answered")
        assert stale[0].code == 409
        this.keeper.operator.send(signal.SIGCONT)
        await change_image(this.kube, this.mirror, this.namespace)


async def _answered(answers: list[Answer]) -> bool:
    return bool(answers)


async def test_a_deleted_lease_does_not_stop_the_work(laboratory: Laboratory) -> None:
    async with laboratory.slots, laboratory.world() as this:
        await create(this.kube, this.mirror, this.namespace)
        await this.kube.call("DELETE", path("Lease", this.namespace))
        await change_image(this.kube, this.mirror, this.namespace)
