"""What tests against a real API server need: a client, the CRDs served, and a namespace of one's own."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.kube import Kube, connect, install_crds, namespace

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and isinstance(item, pytest.Function):
            # In front of the mark that asyncio_mode=auto gives, which would mean a loop per test.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        await install_crds(client)
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def space(kube: Kube) -> AsyncIterator[str]:
    """A namespace of the module's own."""
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as name:
        yield name
