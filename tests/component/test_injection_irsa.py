"""Under IRSA pods get the role of their service account's annotation."""

from tests.component.injection_world import ROLE, Identified, view
from tests.component.world import microservice

from trimtab.api.reasons import Reason


async def test_irsa_annotates_our_service_account_and_asks_only_then() -> None:
    world = Identified("IRSA")
    world.bind()
    world.show(view(mode="IRSA", annotated=True))
    world.server.create(microservice())
    await world.until_rest()
    account = world.get("ServiceAccount", "orders", "v1")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE
    world.start()
    for shown in (None, view(mode="IRSA", ready=False, arn="", reason=Reason.THROTTLED, message="slow down")):
        world.show(shown)
        await world.reconcile()
        account = world.get("ServiceAccount", "orders", "v1")
        assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE


async def test_pods_of_another_role_are_not_taken_for_ours() -> None:
    world = Identified("IRSA")
    world.bind()
    world.show(view(mode="IRSA", annotated=True, arn=ROLE + "-other"))
    world.server.create(microservice())
    for _ in range(3):
        await world.run()
    assert not world.deployed()


async def test_a_role_of_the_users_own_stays_in_the_annotation() -> None:
    world = Identified("IRSA")
    world.bind()
    world.show(view(mode="IRSA", brought=True, arn="", granted=frozenset()))
    own = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/mine"}
    world.server.create(microservice(serviceAccount={"annotations": own}))
    await world.until_rest()
    account = world.get("ServiceAccount", "orders", "v1")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == own["eks.amazonaws.com/role-arn"]


async def test_for_an_existing_service_account_the_user_is_told_what_to_do() -> None:
    world = Identified("IRSA")
    world.webhook = False
    world.bind()
    world.show(view(mode="IRSA", brought=True))
    world.server.create(microservice(serviceAccount={"name": "shared"}))
    for _ in range(3):
        await world.run()
    (blocker,) = world.blockers()
    assert (blocker["kind"], blocker["name"]) == ("ServiceAccount", "shared")
    assert f"eks.amazonaws.com/role-arn: {ROLE}" in blocker["message"]
    world.webhook = True
    await world.until_rest()
    assert world.deployed()
