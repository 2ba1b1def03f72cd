"""What tests against a real API server need: a client, the CRDs served, and a namespace of one's own."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.support.kube import Kube, connect, install_crds, namespace

HERE = Path(__file__).parent


@pytest_asyncio.fixture(scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        await install_crds(client)
        yield client


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube) -> AsyncIterator[str]:
    """A namespace of the module's own."""
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as name:
        yield name
