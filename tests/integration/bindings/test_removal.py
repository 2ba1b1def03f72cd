"""The end of a binding of every backing service: what goes, what stays, and who says so."""

import pytest
from tests.integration.bindings.lifetime import deleted, settled
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import Stage
from tests.support.kube import KubeError

pytestmark = pytest.mark.parametrize("member", SAMPLES)


class TestDelete:
    @pytest.mark.case("delete: Delete")
    async def test_delete_leaves_nothing(self, stage: Stage, member: str) -> None:
        await stage.need()
        await stage.ask(deletionPolicy="Delete")
        async with stage.life() as life:
            await stage.settle(life)
        left = len(stage.sample.inventory(stage.aws)) - len(await stage.lives())
        await deleted(stage)
        assert len(stage.sample.inventory(stage.aws)) <= max(left, 0)
        assert await is_over(stage)

    @pytest.mark.case("delete: Retain")
    async def test_retain_leaves_all_and_says_so(self, stage: Stage, member: str) -> None:
        await stage.need()
        await stage.ask(deletionPolicy="Retain")
        async with stage.life() as life:
            await stage.settle(life)
        lives, resources = await stage.lives(), await stage.resources()
        await deleted(stage)
        for key, resource in resources.items():
            live = stage.look(resource)
            assert live is not None, key
            assert live.settings == lives[key].settings
            if live.tags is not None:
                assert "trimtab.dev/retained" in live.tags
        secret = await stage.secret()
        assert secret is not None
        assert "ownerReferences" not in secret["metadata"]

    @pytest.mark.case("delete: Snapshot refused")
    async def test_a_snapshot_is_refused_where_there_is_none(self, stage: Stage, member: str) -> None:
        with pytest.raises(KubeError, match="Snapshot"):
            await stage.ask(deletionPolicy="Snapshot")

    @pytest.mark.case("delete: default")
    async def test_the_default_keeps_data(self, stage: Stage, member: str) -> None:
        await settled(stage)
        if stage.sample.fill is not None:
            stage.sample.fill(stage.aws, await stage.lives())
        await deleted(stage)
        kept = stage.sample.inventory(stage.aws)
        assert bool(kept) != (stage.sample.deleted_by_default and stage.sample.fill is None)


async def is_over(stage: Stage) -> bool:
    """Whether the Secret is gone, or still has the owner with which the cluster's garbage collector takes it."""
    secret = await stage.secret()
    return secret is None or bool(secret["metadata"].get("ownerReferences"))
