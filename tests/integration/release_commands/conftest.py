"""A release under way, of which commands are told by a stand-in of the operator."""

import uuid
from collections.abc import AsyncIterator

import pytest_asyncio
from tests.integration.release_commands.operator import Operator
from tests.support.kube import Kube, namespace


@pytest_asyncio.fixture
async def operator(kube: Kube) -> AsyncIterator[Operator]:
    async with namespace(kube, f"release-{uuid.uuid4().hex[:8]}") as space:
        made = Operator(kube, space)
        await made.begin()
        yield made
