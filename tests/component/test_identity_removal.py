"""Rights and roles go with those that they were for, and not before."""

from tests.component.identity_world import (
    QUEUE,
    TABLE,
    IdentityWorld,
    many,
)
from tests.component.world import ORDERS

from trimtab.domain.binding.identity.document import rights
from trimtab.domain.objects import ref_of
from trimtab.domain.outcome import Done, Waiting


async def test_a_statement_goes_before_its_binding_may() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.bind("table", TABLE)
    await world.settle()
    world.leave("table")
    assert not world.board.revoked("shop", "table")
    await world.reconcile()
    assert world.allowed == rights([QUEUE])
    assert world.board.revoked("shop", "table")
    assert world.view.ready


async def test_the_role_goes_with_its_last_binding_and_its_association_first() -> None:
    world = IdentityWorld()
    world.bind("queue", *many(150))
    await world.settle()
    assert len(world.iam.policies) > 1
    world.leave("queue")
    await world.reconcile()
    assert (world.iam.roles, world.iam.policies, world.iam.associations) == ({}, {}, {})
    assert type(world.roles.steps[-1]).__name__ == "DeleteRole"
    assert world.board.revoked("shop", "queue")
    world.unbind("queue")
    assert await world.reconcile() == Done()
    assert world.view is None


async def test_the_role_goes_with_its_microservice() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.server.delete(ORDERS)
    await world.reconcile()
    assert (world.iam.roles, world.iam.associations) == ({}, {})


async def test_pods_that_end_with_their_microservice_keep_the_role_until_they_are_gone() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    metadata = {"name": "orders-1", "namespace": "shop", "labels": {"trimtab.dev/microservice": "orders"}}
    pod = world.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}})
    world.server.delete(ORDERS)
    assert isinstance(await world.reconcile(), Waiting)
    assert len(world.iam.roles) == 1
    world.server.delete(ref_of(pod))
    await world.reconcile()
    assert world.iam.roles == {}


async def test_the_role_goes_when_its_only_binding_gets_another_workload() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.bind("queue", QUEUE, workloads=("billing",))
    await world.reconcile()
    assert world.iam.roles == {}


async def test_a_binding_of_an_existing_secret_holds_no_right_of_others() -> None:
    world = IdentityWorld()
    metadata = {"name": "existing", "namespace": "shop"}
    spec = {"workload": {"name": "orders"}, "secret": {"name": "database"}}
    world.server.create(
        {"apiVersion": "trimtab.dev/v1alpha1", "kind": "ServiceBinding", "metadata": metadata, "spec": spec}
    )
    world.bind("queue", QUEUE)
    await world.settle()
    world.bind("queue", TABLE)
    await world.settle()
    assert world.allowed == rights([TABLE])
    world.leave("queue")
    await world.settle()
    world.unbind("queue")
    await world.reconcile()
    assert world.iam.roles == {}


async def test_a_binding_that_is_denied_for_long_loses_its_rights_under_the_grant_of_the_others() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.bind("table", TABLE)
    await world.settle()
    world.board.withdraw("shop", "table")
    await world.reconcile()
    assert world.allowed == rights([QUEUE, TABLE]), "a policy may be being replaced"
    world.seconds += 301
    world.board.withdraw("shop", "table")
    await world.reconcile()
    assert world.allowed == rights([QUEUE])
    world.bind("table", TABLE)
    await world.settle()
    assert world.allowed == rights([QUEUE, TABLE])


async def test_while_no_policy_permits_any_binding_the_role_stays_and_nothing_is_called() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    world.bind("table", TABLE)
    await world.settle()
    before = world.iam.state()
    for _ in range(3):
        for name in ("queue", "table"):
            world.board.withdraw("shop", name)
        looks = world.roles.looks
        await world.reconcile()
        assert world.roles.looks == looks
        world.seconds += 301
    assert world.iam.state() == before
