"""The stage on which bindings are tested."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.integration.bindings.life import Ground, ground
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import Stage, staged
from tests.support.aws import Aws
from tests.support.kube import Kube


@pytest_asyncio.fixture(scope="session")
async def firm(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with ground(tmp_path_factory.mktemp("lives")) as made:
        yield made


@pytest_asyncio.fixture
async def stage(kube: Kube, space: str, aws: Aws, member: str, firm: Ground) -> AsyncIterator[Stage]:
    """An empty stage for one service."""
    async with staged(kube, aws, space, SAMPLES[member], firm) as made:
        yield made
