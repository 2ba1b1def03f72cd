"""A live view of some kinds of objects, for tests that wait for a state or count what has happened."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Follower:
    """Brings the objects of one kind into a mirror. `listed` is set once all are there."""

    mirror: Mirror
    kube: Kube
    kind: str
    namespace: str = ""
    labels: str = ""
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    _since: str = ""

    async def follow(self) -> None:
        """For ever. A stream that ends, as the API server ends those of slow readers, goes on where it was."""
        while True:
            try:
                if not self._since:
                    await self._list()
                await self._watch()
            except (aiohttp.ClientError, TimeoutError):
                pass
            except KubeError:
                self._since = ""  # too long ago, or the kind is not served for the moment
            await asyncio.sleep(0.2)

    async def _list(self) -> None:
        found = await self.kube.list(self.kind, self.namespace, self.labels)
        known, there = self._known(), {item["metadata"]["uid"] for item in found["items"]}
        version = found["metadata"]["resourceVersion"]
        for uid in known.keys() - there:
            # It was still there at the version that is known of it; when it went is known no better than this.
            await self._note(
                "DELETED", {**known[uid], "metadata": {**known[uid]["metadata"], "resourceVersion": version}}
            )
        for item in found["items"]:
            missed = self.listed.is_set() and item["metadata"]["uid"] not in known
            await self._note("ADDED" if missed else "LISTED", item)
        self._since = version
        self.listed.set()

    async def _watch(self) -> None:
        async for event, obj in self.kube.watch(self.kind, self.namespace, self.labels, self._since):
            await self._note(event, obj)
            self._since = obj["metadata"]["resourceVersion"]

    def _known(self) -> dict[str, Object]:
        return {obj["metadata"]["uid"]: obj for (kind, _, _), obj in self.mirror.objects.items() if kind == self.kind}

    async def _note(self, event: str, obj: Object) -> None:
        await self.mirror.note(Seen(time.monotonic(), event, self.kind, obj))


@asynccontextmanager
async def mirroring(kinds: Sequence[str], namespace: str = "", labels: str = "") -> AsyncIterator[Mirror]:
    """A mirror of `kinds`, complete when it is handed over."""
    mirror = Mirror()
    async with connect(agent="trimtab-tests-mirror") as kube:
        followers = [Follower(mirror, kube, kind, namespace, labels) for kind in kinds]
        tasks = [asyncio.create_task(follower.follow()) for follower in followers]
        try:
            async with asyncio.timeout(60):
                for follower in followers:
                    await follower.listed.wait()
            yield mirror
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
