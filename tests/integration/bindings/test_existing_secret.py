"""A binding of a Secret that exists already: waited for, handed on as it is, never written; AWS is not asked."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.integration.bindings.life import Ground
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import NAME, Stage, staged
from tests.integration.bindings.table import Table
from tests.support.aws import Aws
from tests.support.kube import Kube
from tests.support.markers import secret as marked

from trimtab.domain.objects import Object


@pytest_asyncio.fixture
async def stage(kube: Kube, space: str, aws: Aws, firm: Ground) -> AsyncIterator[Stage]:
    async with staged(kube, aws, space, SAMPLES["sqs"], firm) as made:
        await made.kube.delete("BindingPolicy", "", space)  # none is needed
        await made.kube.apply(_binding(space))
        yield made


def _binding(space: str) -> Object:
    metadata = {"name": NAME, "namespace": space}
    spec = {"secret": {"name": "legacy"}}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "ServiceBinding", "metadata": metadata, "spec": spec}


def _legacy(space: str) -> Object:
    metadata = {"name": "legacy", "namespace": space}
    entries = {"type": "postgresql", "password": marked("legacy")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": entries}


async def test_it_is_waited_for_by_name(stage: Stage, table: Table) -> None:
    async with stage.life() as life:
        await stage.run(life)
        condition = await stage.condition("Ready")
        assert condition["status"] == "False"
        assert condition["reason"] == "SecretNotFound", await stage.told()
        assert "legacy" in condition["message"]
        await stage.kube.create(_legacy(stage.space))
        stage.clock.advance(60)
        await stage.settle(life)
        assert life.aws.calls == []
    table.note("secret", "waited for by name", "pass")


async def test_it_is_handed_on_as_it_is(stage: Stage, table: Table) -> None:
    made = await stage.kube.create(_legacy(stage.space))
    async with stage.life() as life:
        await stage.settle(life)
        assert (await stage.condition("Ready"))["status"] == "True", await stage.told()
        life.forget()
        await stage.settle(life)
        assert life.writes == []
    found = await stage.binding()
    assert found is not None
    assert found["status"]["binding"]["name"] == "legacy"
    secret = await stage.secret("legacy")
    assert secret is not None
    assert secret["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    table.note("secret", "bind", "pass")


async def test_it_outlives_the_binding(stage: Stage, table: Table) -> None:
    await stage.kube.create(_legacy(stage.space))
    async with stage.life() as life:
        await stage.settle(life)
        await stage.kube.delete("ServiceBinding", stage.space, NAME)
        await stage.settle(life)
    assert await stage.binding() is None
    secret = await stage.secret("legacy")
    assert secret is not None
    assert "ownerReferences" not in secret["metadata"]
    table.note("secret", "delete", "pass")
