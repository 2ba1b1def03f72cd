"""Whose a resource of every backing service is: taken up again, handed over, adopted, or left alone."""

import re

import pytest
from tests.integration.bindings.lifetime import assert_ours, deleted, own, settled
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import NAME, Stage

from trimtab.domain.binding.resource import Live

pytestmark = pytest.mark.parametrize("member", SAMPLES)


class TestAttach:
    @pytest.mark.case("retain and re-attach")
    async def test_what_was_retained_is_taken_back_as_it_is(self, stage: Stage, member: str) -> None:
        await stage.need()
        await stage.ask(deletionPolicy="Retain")
        async with stage.life() as life:
            await stage.settle(life)
        inventory = set(stage.sample.inventory(stage.aws))
        before = (await stage.secret() or {})["data"]
        await deleted(stage)
        await settled(stage)
        await assert_ours(stage)
        assert set(stage.sample.inventory(stage.aws)) == inventory
        assert (await stage.secret() or {})["data"] == before

    @pytest.mark.case("status lost")
    async def test_a_lost_status_is_no_second_resource(self, stage: Stage, member: str) -> None:
        await settled(stage)
        inventory = set(stage.sample.inventory(stage.aws))
        await stage.kube.patch("ServiceBinding", stage.space, NAME, {"metadata": {"finalizers": None}})
        await stage.kube.delete("ServiceBinding", stage.space, NAME)
        await settled(stage)
        await assert_ours(stage)
        assert set(stage.sample.inventory(stage.aws)) == inventory

    @pytest.mark.case("same manifest on two clusters")
    async def test_another_cluster_with_the_same_manifest_is_refused(self, stage: Stage, member: str) -> None:
        await settled(stage)
        lives = await stage.lives()
        await stage.kube.patch("ServiceBinding", stage.space, NAME, {"metadata": {"finalizers": None}})
        await stage.kube.delete("ServiceBinding", stage.space, NAME)
        await stage.need()
        await stage.ask()
        async with stage.life("cluster-two") as life:
            await stage.settle(life, names=[NAME])
            assert life.aws_writes == []
        condition = await stage.condition("Ready")
        assert condition["reason"] == "NotOurs", await stage.told()
        assert "transfer-to" in condition["message"]
        assert await stage.lives() == lives

    @pytest.mark.case("hand-over")
    async def test_a_hand_over_moves_it_to_the_other_cluster(self, stage: Stage, member: str) -> None:
        await settled(stage)
        inventory = set(stage.sample.inventory(stage.aws))
        await stage.annotate(transfer_to="cluster-two")
        async with stage.life() as life:
            await stage.settle(life)
        assert (await stage.condition("Ready"))["reason"] == "HandedOver", await stage.told()
        await stage.kube.patch("ServiceBinding", stage.space, NAME, {"metadata": {"finalizers": None}})
        await stage.kube.delete("ServiceBinding", stage.space, NAME)
        await stage.ask()
        async with stage.life("cluster-two") as life:
            await stage.settle(life, names=[NAME])
        assert (await stage.condition("Ready"))["status"] == "True", await stage.told()
        assert set(stage.sample.inventory(stage.aws)) == inventory
        for live in (await stage.lives()).values():
            if live.tags is not None:
                assert live.tags["trimtab.dev/cluster"] == "cluster-two"
                assert "trimtab.dev/transfer-to" not in live.tags


class TestAdopt:
    @pytest.mark.case("foreign refused")
    async def test_nothing_is_taken_from_others(self, stage: Stage, member: str) -> None:
        await stage.need()
        made = await by_hand(stage)
        await stage.ask()
        async with stage.life() as life:
            await stage.settle(life)
        condition = await stage.condition("Ready")
        assert condition["reason"] == "NotOurs", await stage.told()
        assert "adopt" in condition["message"]
        assert own(await found_by(stage, made)) == {}

    @pytest.mark.case("adopt")
    async def test_what_the_policy_lets_be_adopted_is_adopted(self, stage: Stage, member: str) -> None:
        await stage.need()
        made = await by_hand(stage, "by-hand")
        await stage.permit(adoptable=[re.sub("[^:/]+$", "*", made)])
        await stage.ask(adopt=made)
        async with stage.life() as life:
            await stage.settle(life)
        assert (await stage.condition("Ready"))["status"] == "True", await stage.told()
        found = await stage.binding()
        assert found is not None
        assert found["status"]["arn"] == made
        assert own(await found_by(stage, made))["trimtab.dev/binding"] == NAME

    @pytest.mark.case("adopt against policy")
    async def test_what_the_policy_keeps_cannot_be_adopted(self, stage: Stage, member: str) -> None:
        made = await by_hand(stage, "by-hand")
        await stage.permit(adoptable=["arn:aws:kinesis:*:*:*"])
        await stage.ask(adopt=made)
        async with stage.life() as life:
            await stage.settle(life, names=[NAME])
            assert life.aws.calls == []
        assert (await stage.condition("Ready"))["reason"] == "PolicyDenied", await stage.told()


async def by_hand(stage: Stage, name: str = "") -> str:
    """A main resource that somebody made, with the name that the binding would give it unless another is said."""
    main = [each for each in (await stage.resources()).values() if not each.parent][-1]
    return stage.sample.make(stage.aws, name or main.name)


async def found_by(stage: Stage, arn: str) -> Live:
    """The main resource with that ARN."""
    main = [each for each in (await stage.resources()).values() if not each.parent][-1]
    live = stage.look(main, arn)
    assert live is not None
    return live
