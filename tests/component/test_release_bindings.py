"""Bindings of a service that is released: adding or removing one is a revision like any other, once it can start."""

from typing import Any

from tests.component.release_world import ReleaseWorld, canary_release, exposed
from tests.component.world import ORDERS

from trimtab.domain.objects import Object, ObjectRef

ANALYSIS = {"interval": "5s", "readyWithin": "30s"}
TABLE = ObjectRef(api_version=ORDERS.api_version, kind="ServiceBinding", namespace="shop", name="table")


def binding() -> dict[str, Any]:
    return {
        "apiVersion": TABLE.api_version,
        "kind": TABLE.kind,
        "metadata": {"name": TABLE.name, "namespace": TABLE.namespace},
        "spec": {"workload": {"name": "orders"}, "dynamodb": {}},
    }


def tell(world: ReleaseWorld, *, ready: bool) -> None:
    """What the reconciler of bindings would say."""
    conditions = [
        {"type": type_, "status": str(ready), "reason": "Bound" if ready else "Creating", "message": "AWS creates it"}
        for type_ in ("Ready", "ResourceReady", "Projected")
    ]
    world.edit(TABLE, lambda obj: obj.update(status={"observedGeneration": 1, "conditions": conditions}))


async def at_rest(*bindings: dict[str, Any]) -> ReleaseWorld:
    world = ReleaseWorld()
    world.server.create(exposed())
    for each in bindings:
        world.server.create(each)
        tell(world, ready=True)
    world.server.create(canary_release(analysis=ANALYSIS))
    await world.settle()
    assert world.phase() == "Idle"
    return world


def bound(pod: Object) -> bool:
    (app,) = pod["spec"]["containers"]
    return any(mount["name"] == "trimtab-binding-table" for mount in app.get("volumeMounts", ()))


async def test_a_binding_is_added_by_a_release() -> None:
    world = await at_rest()
    world.server.create(binding())
    tell(world, ready=True)
    await world.until("Progressing")
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Promoted", ["Promoted"])
    serving = [pod for pod in world.pods() if pod["metadata"]["labels"]["trimtab.dev/revision"] == stable(world)]
    assert serving
    assert all(bound(pod) for pod in serving)


async def test_a_release_has_patience_with_a_binding_that_is_being_made() -> None:
    world = await at_rest()
    before = stable(world)
    world.server.create(binding())
    tell(world, ready=False)
    await world.until("Progressing")
    for _ in range(20):  # 100 s, far longer than readyWithin
        await world.round()
    assert world.phase() == "Progressing"
    assert {pod["metadata"]["labels"]["trimtab.dev/revision"] for pod in world.pods()} == {before}
    status = world.get("Microservice", "orders", ORDERS.api_version)["status"]
    assert [(each["kind"], each["name"], each["reason"]) for each in status["waitingFor"]] == [
        ("ServiceBinding", "table", "Creating")
    ]
    tell(world, ready=True)
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Promoted", ["Promoted"])


async def test_a_binding_is_taken_away_by_a_release() -> None:
    world = await at_rest(binding())
    assert all(bound(pod) for pod in world.pods())
    world.edit(TABLE, lambda obj: obj["metadata"].update(finalizers=["trimtab.dev/binding"]))
    world.server.delete(TABLE)
    await world.until("Progressing")
    assert await world.cluster.secret_users("shop", "table-binding"), "stable goes on with it"
    await world.settle()
    assert (world.phase(), world.outcomes()) == ("Promoted", ["Promoted"])
    assert not any(bound(pod) for pod in world.pods())
    assert not await world.cluster.secret_users("shop", "table-binding")


async def test_the_end_of_the_crd_takes_nothing_from_pods() -> None:
    world = await at_rest(binding())
    before = stable(world)
    world.edit(TABLE, lambda obj: obj["metadata"].update(finalizers=["trimtab.dev/binding"]))
    world.server.ending["ServiceBinding"] = True
    world.server.delete(TABLE)
    await world.settle()
    assert stable(world) == before
    world.edit(TABLE, lambda obj: obj["metadata"].update(finalizers=[]))
    world.server.delete(TABLE)
    await world.settle()
    assert stable(world) == before, "its last object is gone, but the API is still served"
    world.server.unserved.add((TABLE.api_version, TABLE.kind))
    await world.settle()
    assert stable(world) == before
    assert all(bound(pod) for pod in world.pods())


def stable(world: ReleaseWorld) -> str:
    return str(world.release()["targets"][0]["stable"])
