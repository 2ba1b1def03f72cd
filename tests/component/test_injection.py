"""Pods and their AWS identity: none is made before admission gives it."""

from typing import Any

import pytest
from tests.component.injection_world import Identified, served, view
from tests.component.world import KEY, ORDERS, microservice

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Waiting
from trimtab.ports.cluster import DeniedError
from trimtab.reconcilers.run import Run


async def test_the_first_pod_waits_until_admission_gives_it_credentials() -> None:
    world = Identified()
    world.webhook = False
    world.bind()
    world.show(view())
    world.server.create(microservice(replicas=2))
    for _ in range(4):
        outcome = await world.run()
    assert not world.deployed()
    assert world.waiting_for() == ["IdentityNotInjected"]
    assert isinstance(outcome, Waiting)
    assert outcome.after == 5
    assert world.asked == 3
    condition = world.condition()
    assert (condition.status, condition.reason) == ("False", Reason.IDENTITY_NOT_INJECTED)
    world.webhook = True
    await world.until_rest()
    assert len(world.pods()) == 2
    assert world.lacking() == []
    assert world.condition().status == "True"


async def test_admission_is_asked_once_and_not_again_by_later_runs_or_revisions() -> None:
    world = await served(2)
    assert world.asked == 1
    for _ in range(3):
        await world.run()
    world.edit(ORDERS, lambda obj: obj["spec"].update(image="registry.example/orders:2"))
    await world.until_rest()
    assert world.asked == 1
    assert world.pods()[0]["spec"]["containers"][0]["image"].endswith(":2")


async def test_while_the_role_is_not_ready_nothing_is_asked_and_running_pods_stay() -> None:
    world = await served(2)
    before = world.pods()
    world.start()
    world.show(view(ready=False, arn="", message="the role is being made"))
    world.edit(ORDERS, lambda obj: obj["spec"].update(image="registry.example/orders:2"))
    asked = world.asked
    await world.run()
    assert world.asked == asked
    assert world.pods() == before
    assert world.waiting_for() == ["IdentityPending"]


async def test_rights_that_are_not_in_the_role_yet_are_waited_for() -> None:
    world = Identified()
    world.bind()
    world.show(view(granted=frozenset()))
    world.server.create(microservice())
    await world.run()
    await world.run()
    assert not world.deployed()
    assert "queue" in world.blockers()[0]["message"]


@pytest.mark.parametrize("spec", [{"secret": {"name": "legacy"}}, None])
async def test_without_a_binding_of_aws_nothing_is_asked_and_nothing_waits(spec: dict[str, Any] | None) -> None:
    world = Identified()
    if spec is not None:
        world.bind(**spec)
    world.webhook = False
    world.server.create(microservice())
    await world.until_rest()
    assert world.deployed()
    assert world.asked == 0


async def test_with_mode_none_nothing_is_asked_and_nothing_waits() -> None:
    world = Identified("None")
    world.webhook = False
    world.bind()
    world.show(view(mode="None", ready=False, arn="", reason=Reason.IDENTITY_NOT_MANAGED))
    world.server.create(microservice())
    await world.until_rest()
    assert world.deployed()
    assert world.asked == 0


async def test_after_a_restart_pods_run_on_and_nothing_is_asked_or_written() -> None:
    world = await served(2)
    before, asked = len(world.server.history), world.asked
    world.start()
    assert await world.reconcile() == Done()
    world.show(view())
    assert await world.reconcile() == Done()
    assert (world.asked, len(world.server.history)) == (asked, before)
    assert world.condition().status == "True"


@pytest.mark.parametrize(("message", "deployed"), [("exceeded quota: pods=2", True), ("cannot create pods", False)])
async def test_what_admission_refuses_is_told_by_the_deployment_or_waited_for(
    monkeypatch: pytest.MonkeyPatch, message: str, deployed: bool
) -> None:
    world = Identified()
    world.bind()
    world.show(view())

    async def refuse(manifest: Object) -> Object:
        raise DeniedError(message)

    monkeypatch.setattr(world.cluster, "dry_run", refuse)
    world.server.create(microservice())
    for _ in range(3):
        await world.run()
    assert world.deployed() is deployed
    if not deployed:
        assert message in world.blockers()[0]["message"]


async def test_a_microservice_that_is_gone_is_forgotten() -> None:
    world = Identified()
    world.bind()
    world.show(view())
    world.server.create(microservice())
    await world.until_rest()
    world.server.delete(ORDERS)
    run = Run(KEY)
    await world.reconciler.reconcile(run)
    assert run.gone
