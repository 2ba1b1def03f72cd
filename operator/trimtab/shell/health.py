"""Probes and metrics over HTTP, in the operator's own event loop, so that a loop that hangs cannot look alive."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

logger = logging.getLogger("trimtab.health")

Check = Callable[[], str | None]
"""Returns what is wrong, or None."""

TICK = 1.0


class LoopLag:
    """Measures how late the event loop gets to its timers."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        """Measures until cancelled; `worst` decays, so that one slow moment is forgotten."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self.worst = max(loop.time() - due, self.worst * 0.8)


class HealthServer:
    """Serves /healthz (liveness), /readyz (readiness) and /metrics; an unhealthy answer says why, with status 503."""

    def __init__(
        self, host: str, port: int, *, live: dict[str, Check], ready: dict[str, Check], measure: Callable[[], None]
    ) -> None:
        self._host = host
        self._port = port
        self._live = live
        self._ready = ready
        self._measure = measure
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listens; returns the port."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        port: int = self._runner.addresses[0][1]
        logger.info("serving probes and metrics on port %d", port)
        return port

    async def stop(self) -> None:
        """Stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        problems = _problems(self._live)
        if problems:
            logger.warning("not alive: %s", "; ".join(problems))
        return _answer(problems)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(_problems(self._ready))

    async def _metrics(self, _: web.Request) -> web.Response:
        self._measure()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _problems(checks: dict[str, Check]) -> list[str]:
    return [f"{name}: {problem}" for name, check in checks.items() if (problem := check())]


def _answer(problems: list[str]) -> web.Response:
    return web.Response(text="\n".join(problems) or "ok", status=503 if problems else 200)
