"""The log of a failed Job: read once if it can be, and sought for a while if it cannot."""

from typing import Any

from tests.component.world import ORDERS, World, microservice

from trimtab.domain.objects import ObjectRef, ref_of
from trimtab.domain.outcome import Outcome, Stalled, Waiting
from trimtab.domain.status import timestamp

MIGRATE = {"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"]}


async def failed() -> tuple[World, ObjectRef]:
    """A world whose migration has just failed, and its Job; no pod of it is to be seen."""
    world = World()
    world.server.create(microservice(jobs=[MIGRATE]))
    await world.reconcile()
    (job,) = (ref_of(each) for each in world.server.all() if each["kind"] == "Job")
    at = timestamp(world.clock.now())
    condition = {"type": "Failed", "status": "True", "message": "backoff limit", "lastTransitionTime": at}
    world.edit(job, lambda obj: obj.update(status={"conditions": [condition]}))
    return world, job


def pod_of(job: ObjectRef, log: str) -> dict[str, Any]:
    labels = {"trimtab.dev/microservice": "orders", "batch.kubernetes.io/job-name": job.name}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{job.name}-x", "namespace": "shop", "labels": labels, "annotations": {"log": log}},
        "spec": {"containers": [{"name": "app"}]},
    }


def said(world: World) -> str:
    status = (world.server.get(ORDERS) or {})["status"]
    (ready,) = (each for each in status["conditions"] if each["type"] == "Ready")
    assert ready["reason"] == "MigrationFailed"
    return str(ready["message"])


async def reconciled(world: World) -> Outcome:
    """The next run, when it is due."""
    world.clock.advance(5)
    return await world.reconcile()


async def test_a_log_that_could_not_be_read_at_first_is_read_later() -> None:
    world, job = await failed()
    assert await world.reconcile() == Waiting(after=5.0, reason="MigrationFailed")
    assert "log" not in said(world)
    world.server.create(pod_of(job, "ERROR relation orders does not exist"))
    assert await reconciled(world) == Stalled(reason="MigrationFailed")
    assert "log: ERROR relation orders does not exist" in said(world)
    before = world.cluster.requests, len(world.server.history)
    assert await reconciled(world) == Stalled(reason="MigrationFailed")
    assert (world.cluster.requests, len(world.server.history)) == before


async def test_a_log_that_says_nothing_is_not_sought_for_ever() -> None:
    world, job = await failed()
    world.server.create(pod_of(job, ""))
    for _ in range(12):
        await reconciled(world)
    before = world.cluster.requests, len(world.server.history)
    assert await reconciled(world) == Stalled(reason="MigrationFailed")
    assert (world.cluster.requests, len(world.server.history)) == before
