"""Pods that were made without credentials are replaced, one by one, and only where that helps."""

import pytest
from tests.component.injection_world import unidentified, view

from trimtab.domain.objects import ObjectRef
from trimtab.domain.outcome import Waiting
from trimtab.ports.cluster import ThrottledError


async def test_pods_without_credentials_are_replaced_one_by_one_and_never_two_at_once() -> None:
    world = await unidentified(3)
    assert len(world.lacking()) == 3
    world.webhook = True
    world.show(view())
    for left in (2, 1, 0):
        before = {pod["metadata"]["name"] for pod in world.pods()}
        outcome = await world.reconcile()
        assert len(world.pods()) == 2
        assert isinstance(outcome, Waiting)
        assert world.condition().status != "True"
        await world.reconcile()
        assert len(world.pods()) == 2, "the next one goes only once all are ready again"
        world.controllers()
        world.seconds += 5
        assert len(before & {pod["metadata"]["name"] for pod in world.pods()}) == 2
        assert len(world.lacking()) == left
    await world.until_rest()
    assert world.condition().status == "True"
    assert [event.reason for _, event in world.recorder.events if event.reason == "IdentityNotInjected"]


async def test_no_pod_is_replaced_while_its_successor_would_get_no_credentials_either() -> None:
    world = await unidentified(2)
    before = world.pods()
    world.show(view())
    for _ in range(4):
        await world.run()
    assert world.pods() == before
    assert world.asked <= 4


async def test_a_budget_that_forbids_it_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await unidentified(2)
    world.webhook = True
    world.show(view())

    async def forbid(ref: ObjectRef, *, uid: str) -> None:
        raise ThrottledError("Cannot evict pod as it would violate the pod's disruption budget.", 10)

    monkeypatch.setattr(world.cluster, "evict", forbid)
    outcome = await world.run()
    assert isinstance(outcome, Waiting)
    assert len(world.lacking()) == 2
