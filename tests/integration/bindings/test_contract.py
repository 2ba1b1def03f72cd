"""What holds for every backing service: one suite, run for each on a real API server and an emulated AWS."""

import pytest
from tests.integration.bindings.lifetime import assert_ours, settled
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import NAME, POLL, Stage
from tests.support.kube import KubeError
from tests.support.markers import secret as marked

pytestmark = pytest.mark.parametrize("member", SAMPLES)


class TestCreate:
    @pytest.mark.case("create")
    async def test_all_that_is_declared_exists_once_and_is_tagged(self, stage: Stage, member: str) -> None:
        before = set(stage.sample.inventory(stage.aws))
        assert before == set()
        await settled(stage)
        await assert_ours(stage)

    @pytest.mark.case("finalizer and names recorded")
    async def test_nothing_exists_before_it_can_be_found_again(self, stage: Stage, member: str) -> None:
        await stage.need()
        await stage.ask()
        async with stage.life() as life:
            await stage.settle(life)
            kinds = [str(each) for each in life.kube.writes if each.name == NAME]
            assert kinds, await stage.told()
        found = await stage.binding()
        assert found is not None
        assert "trimtab.dev/binding" in found["metadata"]["finalizers"]
        assert [each["key"] for each in found["status"]["resources"]] == list(await stage.resources())


class TestBind:
    @pytest.mark.case("bind")
    async def test_the_secret_has_what_a_workload_needs(self, stage: Stage, member: str) -> None:
        await settled(stage)
        found, secret = await stage.binding(), await stage.secret()
        assert found is not None
        assert secret is not None
        assert found["status"]["binding"]["name"] == f"{NAME}-binding"
        assert {"type", "provider", "region", "arn"} <= set(secret["data"])
        assert secret["type"].startswith("servicebinding.io/")
        (owner,) = secret["metadata"]["ownerReferences"]
        assert owner["uid"] == found["metadata"]["uid"]

    @pytest.mark.case("Secret of somebody else")
    async def test_a_secret_of_somebody_else_is_not_touched(self, stage: Stage, member: str) -> None:
        theirs = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{NAME}-binding", "namespace": stage.space},
            "stringData": {"mine": marked("theirs")},
        }
        await stage.kube.create(theirs)
        await stage.need()
        await stage.ask()
        async with stage.life() as life:
            await stage.settle(life)
        secret = await stage.secret()
        assert secret is not None
        assert set(secret["data"]) == {"mine"}
        assert (await stage.condition("Ready"))["reason"] == "NameConflict", await stage.told()


class TestRest:
    @pytest.mark.case("second reconcile: 0 writes; drift poll")
    async def test_a_second_look_writes_nothing(self, stage: Stage, member: str) -> None:
        await stage.need()
        await stage.ask()
        async with stage.life() as life:
            await stage.settle(life)
            life.forget()
            await stage.settle(life)
            assert life.writes == []
            assert life.aws.calls == [], "a look is remembered until it is too old"
            stage.clock.advance(POLL)
            await stage.settle(life)
            assert life.writes == []
            assert life.aws.calls != [], "what AWS has is looked at now and then"

    @pytest.mark.case("restart: 0 writes")
    async def test_a_restart_writes_nothing(self, stage: Stage, member: str) -> None:
        await settled(stage)
        async with stage.life() as life:
            await stage.settle(life)
            assert life.writes == []


class TestUpdate:
    @pytest.mark.case("update in place")
    async def test_a_change_of_spec_reaches_aws_in_place(self, stage: Stage, member: str) -> None:
        await settled(stage)
        arns = {key: live.arn for key, live in (await stage.lives()).items()}
        await stage.ask(stage.sample.update)
        async with stage.life() as life:
            await stage.settle(life)
        assert await stage.differing(stage.sample.update) == {}, await stage.told()
        now = {key: live.arn for key, live in (await stage.lives(stage.sample.update)).items()}
        assert arns.items() <= now.items()
        for key, resource in (await stage.resources(stage.sample.update)).items():
            assert stage.grant.covers(resource, now[key]), "what was made can be changed and deleted"
        assert (await stage.condition("Ready"))["status"] == "True"

    @pytest.mark.case("immutable change refused")
    async def test_what_cannot_be_changed_is_refused_and_stays(self, stage: Stage, member: str) -> None:
        if stage.sample.immutable is None:
            pytest.skip("all of it can be changed")
        await settled(stage)
        with pytest.raises(KubeError, match="cannot be changed") as refused:
            await stage.ask(stage.sample.immutable)
        assert refused.value.code == 422
        async with stage.life() as life:
            stage.clock.advance(POLL)
            await stage.settle(life)
            assert life.aws_writes == []
        await assert_ours(stage)


class TestDrift:
    @pytest.mark.case("deleted elsewhere, Remediate")
    async def test_a_resource_that_is_gone_is_made_again(self, stage: Stage, member: str) -> None:
        await settled(stage)
        stage.sample.take_away(stage.aws, await stage.lives())
        stage.clock.advance(POLL)
        async with stage.life() as life:
            await stage.settle(life)
            assert "ResourceMissing" in {event.reason for _, event in life.recorder.events}
        await assert_ours(stage)

    @pytest.mark.case("deleted elsewhere, Report")
    async def test_a_resource_that_is_gone_is_only_told(self, stage: Stage, member: str) -> None:
        await settled(stage)
        await stage.ask(drift="Report")
        stage.sample.take_away(stage.aws, await stage.lives())
        stage.clock.advance(POLL)
        async with stage.life() as life:
            await stage.settle(life)
            assert life.aws_writes == []
        assert (await stage.condition("Ready"))["reason"] == "ResourceMissing", await stage.told()
