"""kopf's handlers. Events only: kopf keeps no state for them, writes nothing, and swallows no error of ours."""

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import kopf

from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.kubernetes.kinds import LEASE, watched
from trimtab.adapters.kubernetes.watches import WatchObserver
from trimtab.shell.intake import Intake


def register(
    connection: Connection,
    intake: Intake,
    observer: WatchObserver,
    *,
    clustered: bool,
    watch_lease: bool,
    cleanup: Callable[[], Awaitable[None]],
) -> kopf.OperatorRegistry:
    """A registry with a handler for the events of each watched kind, and for the operator's end."""
    registry = kopf.OperatorRegistry()

    async def on_event(event: kopf.RawEvent, **_: Any) -> None:
        intake.event(event["type"], event["object"])

    for kind in (*watched(clustered=clustered), *((LEASE,) if watch_lease else ())):
        kopf.on.event(kind.group, kind.version, kind.plural, id=kind.plural, registry=registry)(on_event)

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:
        """Our own session: the same credentials as the adapter's, and an eye on kopf's requests."""
        session = connection.session(user_agent=f"kopf/{version('kopf')}", middlewares=[observer.middleware])
        return kopf.AiohttpSession(server=connection.server, aiohttp_session=session)

    @kopf.on.cleanup(registry=registry)
    async def stop(**_: Any) -> None:
        await cleanup()

    return registry
