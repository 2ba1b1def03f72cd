"""What somebody else changes in AWS is changed back, told, or let be, as the binding says; every service and field."""

import pytest
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import POLL, Stage
from tests.integration.bindings.table import Table

SETTINGS = [
    pytest.param(member, setting, id=f"{member}-{setting}") for member in SAMPLES for setting in SAMPLES[member].drifts
]


@pytest.mark.parametrize(("member", "setting"), SETTINGS)
async def test_a_changed_setting_is_treated_as_the_binding_says(
    stage: Stage, member: str, setting: str, table: Table
) -> None:
    """One change, let be first, then told, then undone."""
    await stage.need()
    await stage.ask(drift="Ignore")
    async with stage.life() as life:
        await stage.settle(life)
        assert await stage.differing() == {}, await stage.told()
        stage.sample.drifts[setting](stage.aws, await stage.lives())
        changed = await stage.differing()
        assert setting in str(changed)
        life.forget()

        stage.clock.advance(POLL)
        await stage.settle(life)
        assert (await stage.condition("Drifted")).get("status") != "True"
        assert (await stage.condition("Ready"))["status"] == "True"

        await stage.ask(drift="Report")
        await stage.settle(life)
        condition = await stage.condition("Drifted")
        assert condition["status"] == "True", await stage.told()
        assert setting in condition["message"]
        assert life.aws_writes == []
        assert await stage.differing() == changed

        await stage.ask(drift="Remediate")
        await stage.settle(life)
        assert await stage.differing() == {}, await stage.told()
        assert "DriftRemedied" in {event.reason for _, event in life.recorder.events}
        assert (await stage.condition("Ready"))["status"] == "True"
    table.note(member, "drift of each field: Ignore, Report, Remediate", "pass")


@pytest.mark.case("flap detector")
@pytest.mark.parametrize("member", SAMPLES)
async def test_a_fight_ends(stage: Stage, member: str) -> None:
    setting = next(iter(stage.sample.drifts))
    await stage.need()
    await stage.ask()
    async with stage.life() as life:
        await stage.settle(life)
        for _ in range(8):
            stage.sample.drifts[setting](stage.aws, await stage.lives())
            stage.clock.advance(POLL)
            await stage.settle(life)
            if (await stage.condition("Ready"))["reason"] == "DriftConflict":
                break
        else:
            raise AssertionError(await stage.told())
        life.forget()
        stage.clock.advance(POLL)
        await stage.settle(life)
        assert life.aws_writes == []


TAGS = {"GetQueueUrl", "ListQueueTags", "ListTagsForResource", "ListTagsOfResource", "HeadBucket", "GetBucketTagging"}
"""What only tells where a resource is, or its tags."""


@pytest.mark.case("poll by one list of all tags")
@pytest.mark.parametrize("member", SAMPLES)
async def test_a_poll_asks_for_settings_only(stage: Stage, member: str) -> None:
    await stage.need()
    await stage.ask()
    async with stage.life() as life:
        await stage.settle(life)
        stage.clock.advance(POLL)
        life.forget()
        await stage.settle(life)
        called = [each.operation for each in life.aws.calls]
        assert called.count("GetResources") == 1
        assert not TAGS & set(called), called
        assert life.aws_writes == []
        assert (await stage.condition("Ready"))["status"] == "True"
