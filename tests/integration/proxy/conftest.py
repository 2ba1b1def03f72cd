"""A real Envoy on loopback with the configuration that a revision would have, before an upstream that obeys."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from tests.integration.proxy.envoy import Envoy
from tests.integration.proxy.upstream import Upstream

Start = Callable[..., Awaitable[tuple[Envoy, Upstream]]]


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[Start]:
    """Starts an upstream that speaks `protocol` and an Envoy before it, with further fields of the spec."""
    async with AsyncExitStack() as stack:

        async def start(protocol: str = "HTTP", **spec: Any) -> tuple[Envoy, Upstream]:
            upstream = await stack.enter_async_context(Upstream(protocol))
            port = {"name": "main", "port": upstream.port, "protocol": protocol}
            return await stack.enter_async_context(Envoy({"ports": [port], **spec})), upstream

        yield start
