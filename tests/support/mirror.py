"""A live view of some kinds of objects, for tests that wait for a state or count what has happened."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from tests.support.kube import Kube, KubeError, Object, connect

Key = tuple[str, str, str]
"""(kind, namespace, name)"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One watch event; `at` is the monotonic time (s) of its arrival."""

    at: float
    type: str
    kind: str
    obj: Object

    @property
    def key(self) -> Key:
        """Whom it is about."""
        metadata = self.obj["metadata"]
        return self.kind, metadata.get("namespace", ""), metadata["name"]


class Mirror:
    """The objects as they are, and every event that made them so since the mirror began."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.history: list[Seen] = []
        self.changed = asyncio.Condition()

    def of(self, kind: str, namespace: str) -> list[Object]:
        """The objects of one kind in one namespace."""
        return [obj for (k, ns, _), obj in self.objects.items() if (k, ns) == (kind, namespace)]

    def counts(self, namespace: str, key: Callable[[Seen], Any] = lambda seen: seen.key) -> Counter[Any]:
        """How often each key was ADDED and DELETED in a namespace."""
        own = (s for s in self.history if s.key[1] == namespace and s.type in ("ADDED", "DELETED"))
        return Counter((s.type, key(s)) for s in own)

    async def until(self, condition: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
        """Waits until `condition()` is true, looking after each event; returns its result, fails after `seconds`."""
        try:
            async with asyncio.timeout(seconds), self.changed:
                return await self.changed.wait_for(condition)
        except TimeoutError:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {seconds} s: {said}") from None

    async def note(self, seen: Seen) -> None:
        """Takes in one event."""
        if seen.type == "DELETED":
            self.objects.pop(seen.key, None)
        else:
            self.objects[seen.key] = seen.obj
        self.history.append(seen)
        async with self.changed:
            self.changed.notify_all()


async def _follow(mirror: Mirror, kube: Kube, kind: str, namespace: str, labels: str, listed: asyncio.Event) -> None:
    while True:
        with suppress(aiohttp.ClientError, TimeoutError, KubeError):
            found = await kube.list(kind, namespace, labels)
            for item in found["items"]:
                await mirror.note(Seen(time.monotonic(), "LISTED", kind, item))
            listed.set()
            async for event, obj in kube.watch(kind, namespace, labels, found["metadata"]["resourceVersion"]):
                await mirror.note(Seen(time.monotonic(), event, kind, obj))
        await asyncio.sleep(0.2)  # the stream ended, or the kind is not served for the moment


@asynccontextmanager
async def mirroring(kinds: Sequence[str], namespace: str = "", labels: str = "") -> AsyncIterator[Mirror]:
    """A mirror of `kinds`, complete when it is handed over."""
    mirror = Mirror()
    async with connect(agent="trimtab-tests-mirror") as kube:
        tasks, listed = [], []
        for kind in kinds:
            listed.append(asyncio.Event())
            tasks.append(asyncio.create_task(_follow(mirror, kube, kind, namespace, labels, listed[-1])))
        try:
            async with asyncio.timeout(60):
                for ready in listed:
                    await ready.wait()
            yield mirror
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
