"""What others have is left alone, and what others do to the role is undone."""

from tests.component.identity_world import (
    QUEUE,
    SUBJECT,
    TABLE,
    IdentityWorld,
    statement,
)
from tests.component.world import ORDERS

from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.document import document, rights
from trimtab.domain.binding.identity.role import Association


async def test_a_role_of_somebody_else_is_left_alone() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    role = world.role
    role.tags = {"team": "other"}
    role.inline = {}
    before = world.iam.state()
    world.start()
    world.tell()
    await world.settle()
    assert world.iam.state() == before
    assert world.view.reason is Reason.NOT_OURS
    world.leave("queue")
    await world.reconcile()
    assert world.iam.state()["roles"] == before["roles"]


async def test_an_association_of_somebody_else_is_left_alone() -> None:
    world = IdentityWorld()
    world.iam.associations[SUBJECT] = Association(id="a-9", role_arn="arn:aws:iam::123456789012:role/own", tags={})
    world.bind("queue", QUEUE)
    await world.settle()
    assert world.iam.associations[SUBJECT].id == "a-9"
    assert world.view.reason is Reason.NOT_OURS
    assert "a-9" in world.view.message
    assert not world.view.ready


async def test_policies_and_tags_of_others_stay() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    role = world.role
    role.tags["cost-centre"] = "7"
    role.attached.append("arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
    role.inline["audit"] = document(rights([statement("audit")]))
    world.bind("queue", QUEUE, TABLE)
    await world.settle()
    assert role.tags["cost-centre"] == "7"
    assert "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess" in role.attached
    assert "audit" in role.inline


async def test_drift_is_undone_by_the_poll() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    expected = world.iam.state()
    role = world.role
    role.inline["trimtab"] = document(rights([statement("*", "sqs:*")]))
    role.trust = {"Version": "2012-10-17", "Statement": []}
    role.boundary = "arn:aws:iam::123456789012:policy/none"
    del role.tags["trimtab.dev/uid"]
    world.seconds += 451
    await world.reconcile()
    assert world.iam.state() == expected


async def test_a_microservice_made_anew_goes_on_with_its_role() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    body = world.server.get(ORDERS) or {}
    world.server.delete(ORDERS)
    world.server.create({**body, "metadata": {"name": "orders", "namespace": "shop"}})
    await world.settle()
    assert world.role.tags["trimtab.dev/uid"] == (world.server.get(ORDERS) or {})["metadata"]["uid"]
    assert world.roles.counts["CreateRole"] == 1


async def test_a_role_of_the_users_own_wins_and_ours_goes() -> None:
    world = IdentityWorld()
    world.bind("queue", QUEUE)
    await world.settle()
    own = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/mine"}
    world.edit(lambda obj: obj["spec"].update(serviceAccount={"annotations": own}))
    await world.settle()
    assert world.iam.roles == {}
    assert world.view.brought
    assert world.view.ready


async def test_an_existing_service_account_is_not_associated() -> None:
    world = IdentityWorld(serviceAccount={"name": "shared"})
    world.bind("queue", QUEUE)
    await world.settle()
    assert world.iam.associations == {}
    condition = world.role.trust["Statement"][0]["Condition"]["StringEquals"]
    assert condition["aws:RequestTag/kubernetes-service-account"] == "shared"
    assert world.view.brought
