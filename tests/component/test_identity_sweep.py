"""The sweep of roles removes only what this cluster knows to be unused."""

import pytest
from tests.component.identity_world import (
    CLUSTER,
    QUEUE,
    ROLE_PATH,
    IdentityWorld,
    binding_ref,
    grant,
)
from tests.component.world import ORDERS, microservice

from trimtab.ports.cloud import CloudThrottledError
from trimtab.reconcilers.identity.sweep import sweep


async def test_the_sweep_removes_the_role_of_a_microservice_that_no_binding_is_for() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    name = next(iter(world.iam.roles))
    world.start()
    assert await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True) == ()
    world.server.edit(binding_ref("queue"), lambda obj: obj["spec"].update(workload={"name": "billing"}))
    orphan = f"arn:aws:iam::123456789012:role{ROLE_PATH}{name}"
    assert await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=False) == (orphan,)
    assert name in world.iam.roles
    await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True)
    assert world.iam.state() == {"roles": {}, "policies": {}, "associations": {}}


@pytest.mark.parametrize("anew", [False, True])
async def test_the_sweep_only_reports_roles_that_another_cluster_of_the_same_id_may_use(anew: bool) -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.server.delete(binding_ref("queue"))
    world.server.delete(ORDERS)
    if anew:
        world.server.create(microservice())
    assert len(await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True)) == 1
    assert len(world.iam.roles) == 1


async def test_the_sweep_of_one_policy_leaves_the_live_roles_of_another_whose_prefix_begins_alike() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE, given=grant(prefix="shop-eu-"))
    await world.settle()
    before = world.iam.state()
    assert await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True) == ()
    assert world.iam.state() == before


async def test_without_the_crds_the_sweep_knows_nothing() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.server.unserved.add((ORDERS.api_version, "ServiceBinding"))
    world.server.delete(binding_ref("queue"))
    assert await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True) == ()
    assert len(world.iam.roles) == 1


async def test_while_the_crd_of_bindings_ends_the_sweep_takes_no_role_from_pods() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.server.ending["ServiceBinding"] = True
    world.server.delete(binding_ref("queue"))
    before = world.iam.state()
    assert len(await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True)) == 1
    assert world.iam.state() == before


async def test_the_sweep_leaves_roles_of_other_clusters() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    world.server.delete(ORDERS)
    world.role.tags["trimtab.dev/cluster"] = "cluster-2"
    assert await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True) == ()
    assert len(world.iam.roles) == 1


async def test_a_list_that_fails_is_not_an_empty_one() -> None:
    world = IdentityWorld()
    world.roles.refuse = CloudThrottledError("slow down")
    with pytest.raises(CloudThrottledError):
        await sweep(world.roles, world.cluster, CLUSTER, grant(), delete=True)
