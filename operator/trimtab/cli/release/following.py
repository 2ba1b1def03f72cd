"""Follows a release and its Microservices by watches."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.following import follow
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, MICROSERVICE, Kind
from trimtab.cli.release.picture import Picture
from trimtab.domain.objects import Object


class MissingError(Exception):
    """There is no CanaryRelease of that name, or not any more."""


class Follower:
    """The newest picture of one release; `following` makes it and keeps it up to date."""

    def __init__(self, api: ApiClient, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._release: Object | None = None
        self._services: dict[str, Object | None] = {}
        self._changed = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {"": asyncio.create_task(self._follow_release())}

    async def next(self, seconds: float | None = None) -> Picture | None:
        """The picture after the next change, once all of it is known; None if nothing changed for `seconds`.

        Several changes at once are one. Raises MissingError, and ClusterError if the watches fail for good.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._news()
                    if self._release is None:
                        raise MissingError
                    if all(name in self._services for name in _targets(self._release)):
                        break
            services = {name: self._services[name] for name in _targets(self._release)}
            return Picture(
                release=self._release, services={name: found for name, found in services.items() if found is not None}
            )
        return None

    async def close(self) -> None:
        """Ends the watches."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _news(self) -> None:
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((changed, *self._tasks.values()), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        self._changed.clear()
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def _follow_release(self) -> None:
        async for change in follow(self._api, CANARY_RELEASE, self._namespace, self._name):
            self._release = change.found
            for target in _targets(change.found or {}):
                if target not in self._tasks:
                    self._tasks[target] = asyncio.create_task(self._follow_service(MICROSERVICE, target))
            self._changed.set()

    async def _follow_service(self, kind: Kind, name: str) -> None:
        async for change in follow(self._api, kind, self._namespace, name):
            self._services[name] = change.found
            self._changed.set()


@asynccontextmanager
async def following(api: ApiClient, namespace: str, name: str) -> AsyncIterator[Follower]:
    """A follower whose watches end with the context."""
    follower = Follower(api, namespace, name)
    try:
        yield follower
    finally:
        await follower.close()


def _targets(release: Object) -> list[str]:
    return [str(target["name"]) for target in release.get("spec", {}).get("targets") or ()]
