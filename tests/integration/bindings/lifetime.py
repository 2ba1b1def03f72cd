"""Steps in the life of a sample that the parts of the contract share."""

from tests.integration.bindings.stage import CLUSTER, NAME, Stage

from trimtab.domain.binding.resource import Live


async def settled(stage: Stage) -> Stage:
    """A stage on which the sample is bound already."""
    await stage.need()
    await stage.ask()
    async with stage.life() as life:
        await stage.settle(life)
    assert (await stage.condition("Ready"))["status"] == "True", await stage.told()
    return stage


def own(live: Live) -> dict[str, str]:
    """The tags of ours."""
    return {key: value for key, value in (live.tags or {}).items() if key.startswith("trimtab.dev/")}


async def assert_ours(stage: Stage) -> None:
    """All that the sample declares is there, once, as declared and tagged as this binding's."""
    found = await stage.binding()
    assert found is not None
    assert await stage.differing() == {}, await stage.told()
    for key, live in (await stage.lives()).items():
        if live.tags is not None:
            tags = own(live)
            assert tags["trimtab.dev/cluster"] == CLUSTER, key
            assert tags["trimtab.dev/namespace"] == stage.space, key
            assert tags["trimtab.dev/binding"] == NAME, key
            assert tags["trimtab.dev/uid"] == found["metadata"]["uid"], key
            assert "trimtab.dev/retained" not in tags, key


async def deleted(stage: Stage) -> None:
    """Deletes the binding and lets the operator finish."""
    await stage.kube.delete("ServiceBinding", stage.space, NAME)
    async with stage.life() as life:
        await stage.settle(life)
    assert await stage.binding() is None, await stage.told()
