"""The sweep of roles on IAM that is emulated."""

import pytest
from tests.component.identity_world import CLUSTER, QUEUE, ROLE_PATH, binding_ref, grant
from tests.integration.identities.life import Lives
from tests.support.aws_faults import calls, times
from tests.support.aws_wire import throttled

from trimtab.ports.cloud import CloudError
from trimtab.reconcilers.identity.sweep import sweep


async def test_the_sweep_reads_all_pages_and_removes_only_our_orphans(lives: Lives) -> None:
    lives.world.bind("queue", QUEUE)
    iam = lives.aws.client("iam")
    for number in range(120):
        iam.create_role(RoleName=f"shop-other-{number}", Path=ROLE_PATH, AssumeRolePolicyDocument="{}")
    with lives.life() as life:
        await life.settle()
        ours = next(name for name in _names(lives) if "other" not in name)
        roles = life.reconciler._roles
        assert await sweep(roles, lives.world.cluster, CLUSTER, grant(), delete=True) == ()
        lives.world.server.delete(binding_ref("queue"))
        (orphan,) = await sweep(roles, lives.world.cluster, CLUSTER, grant(), delete=True)
        assert orphan.endswith(ours)
    assert len(_names(lives)) == 120
    assert lives.associations.known == {}


def _names(lives: Lives) -> list[str]:
    return [each["RoleName"] for each in lives.aws.client("iam").list_roles(MaxItems=1000)["Roles"]]


async def test_a_list_of_roles_that_fails_is_not_an_empty_one(lives: Lives) -> None:
    with lives.life() as life:
        life.proxy.faults.insert(0, times(99, calls("ListRoles"), throttled))
        with pytest.raises(CloudError):
            await sweep(life.reconciler._roles, lives.world.cluster, CLUSTER, grant(), delete=True)
