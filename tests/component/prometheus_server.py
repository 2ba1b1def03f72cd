"""A server in Prometheus' place that answers as it is told."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from aiohttp import web

from trimtab.domain.release.counting.counters import Arm

ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def series(arm: Arm = ARM, *values: Any, pod: str = "one", **labels: str) -> dict[str, Any]:
    metric = {
        "__name__": "envoy_http_downstream_rq_total",
        "namespace": arm.namespace,
        "pod": pod,
        "trimtab_namespace": arm.namespace,
        "trimtab_microservice": arm.microservice,
        "trimtab_revision": arm.revision,
        "envoy_http_conn_manager_prefix": arm.listener,
        **labels,
    }
    return {"metric": metric, "values": [[100 + 10 * number, value] for number, value in enumerate(values or ("1",))]}


def success(*result: Any, kind: str = "matrix", **more: Any) -> Answer:
    return text(json.dumps({"status": "success", "data": {"resultType": kind, "result": list(result)}, **more}))


def text(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(
            status=status, body=body if isinstance(body, bytes) else body.encode(), headers=dict(headers)
        )

    return answer


class Server:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = success()
        self.queries: list[str] = []
        self.headers: list[Any] = []
        self.paths: list[str] = []
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(str((await request.post()).get("query")))
        self.headers.append(request.headers)
        self.paths.append(request.path)
        return await self.answer(request)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()
