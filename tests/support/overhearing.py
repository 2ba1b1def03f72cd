"""All that the API server tells of objects, in every state that they were ever in, searched for what is secret.

A list at the end would see neither what is gone by then nor a status that was soon replaced. Lines of watches are
searched as they come, and parsed only if something is found.

A conftest that imports the two fixtures at the end has all tests of its tier searched.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
import pytest_asyncio
from tests.support.kube import CHILD_KINDS, Kube, KubeError, connect, path
from tests.support.markers import SEARCH, Search

KINDS = (
    *CHILD_KINDS,
    "BindingPolicy",
    "CanaryRelease",
    "Event",
    "GRPCRoute",
    "HTTPRoute",
    "Ingress",
    "Lease",
    "Microservice",
    "Namespace",
    "Pod",
    "ReplicaSet",
    "Secret",
    "ServiceBinding",
    "VirtualService",
)
"""What the operator makes or writes to, and what is made of it."""

_ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=10)
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_METADATA = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
"""Of a Secret, everything but its data."""


class _Stream:
    """All changes of objects of one kind, from one watch to the next."""

    def __init__(self, kube: Kube, kind: str, search: Search) -> None:
        self._kube = kube
        self._kind = kind
        self._search = search
        self._last = 0

    async def begin(self) -> None:
        """Has `follow` start from now, however late its first watch is established."""
        headers = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
        async with self._kube.session.get(path(self._kind), params={"limit": "1"}, headers=headers) as response:
            if response.status != 404:
                response.raise_for_status()
                self._last = int((await response.json())["metadata"]["resourceVersion"])

    async def follow(self) -> None:
        """Reads for ever. A kind that is not served may be later."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, KubeError):
                await self.read()
            await asyncio.sleep(0.5)

    async def finish(self) -> None:
        """Reads what was not yet read; of a kind that was silent for long, everything there is."""
        for again in (True, False):
            try:
                await self.read(timeoutSeconds="5")
            except KubeError as error:
                if error.code == 410 and again:
                    continue
                if error.code != 404:
                    raise
            return

    async def read(self, **query: str) -> None:
        """Reads one watch to its end, from where the last one ended; from what there is, if that is too long ago."""
        since = str(self._last or "")
        query |= {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": since}
        headers = _METADATA if self._kind == "Secret" else {}
        async with self._kube.session.get(
            path(self._kind), params=query, headers=headers, timeout=_ENDLESS
        ) as response:
            if response.status >= 400:
                self._last = 0
                raise KubeError(response.status, await response.text())
            async for line in response.content:
                self._take(line)

    def _take(self, line: bytes) -> None:
        if line.startswith(b'{"type":"ERROR"'):
            self._last = 0
            raise KubeError(410, line.decode(errors="replace"))
        if version := _VERSION.search(line):
            self._last = max(self._last, int(version[1]))
        self._search.look_at_change(self._kind, line)


@asynccontextmanager
async def overhearing(search: Search) -> AsyncIterator[None]:
    """Searches all changes from here to the end of the block, by when all have been read. Without a cluster, none."""
    if "KUBECONFIG" not in os.environ:
        yield
        return
    async with connect(agent="trimtab-tests-overhearing") as kube:
        streams = [_Stream(kube, kind, search) for kind in KINDS]
        await asyncio.gather(*(stream.begin() for stream in streams))
        tasks = [asyncio.create_task(stream.follow()) for stream in streams]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(stream.finish() for stream in streams))


@pytest_asyncio.fixture(scope="session", autouse=True)
async def overheard() -> AsyncIterator[Search]:
    """Everything that the tests of this session, and what they run, tell anybody."""
    with SEARCH.listening():
        async with overhearing(SEARCH):
            yield SEARCH
    SEARCH.read_logs()
    _fail_for(SEARCH.take())


@pytest.fixture(autouse=True)
def nothing_secret_is_told(overheard: Search) -> Iterator[None]:
    """Blames the test after which something secret was found."""
    yield
    overheard.read_logs()
    _fail_for(overheard.take())


def _fail_for(leaks: list[str]) -> None:
    if leaks:
        pytest.fail("something secret was told:\n" + "\n".join(leaks), pytrace=False)
