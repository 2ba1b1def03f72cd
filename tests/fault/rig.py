"""A proxy between one operator and the API server, which can do to each request what networks and servers do.

Every mutating call has a signature that is the same in every run of a scenario, so that a run can be told to fail at
exactly one of them (the method of Sieve, OSDI'22). Leases and Events have none: they carry no state of
the services.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from tests.support.access import access
from tests.support.kube import Object

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UNTRACKED = frozenset({"leases", "events", "selfsubjectaccessreviews", "selfsubjectreviews"})
HOP_BY_HOP = frozenset(
    {"connection", "content-length", "transfer-encoding", "host", "authorization", "content-encoding"}
)


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """Names one write of a scenario: the `nth` time (from 1) that this is done to this object."""

    verb: str
    resource: str
    name: str
    subresource: str
    nth: int

    def __str__(self) -> str:
        target = "/".join(part for part in (self.resource, self.name, self.subresource) if part)
        return f"{self.verb} {target} #{self.nth}"


@dataclass(slots=True)
class Call:
    """One request of the operator. `signature` is None for reads and what carries no state; `code` is the answer."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    resource: str
    namespace: str
    name: str
    subresource: str
    watch: bool
    agent: str
    signature: Signature | None = None
    code: int = 0
    at: float = 0.0

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change of what carries state."""
        return self.signature is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator gets to read."""

    code: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


Proceed = Callable[[], Awaitable[Answer]]
Fault = Callable[[Call, Proceed], Awaitable[Answer | None]]
"""Looks at a call: None = not concerned. It may let the call proceed, answer itself, or raise Cut."""


class Cut(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The connection breaks without an answer."""


def failure(code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    """An error answer in the API server's form."""
    body = json.dumps(status(code, reason, message)).encode()
    return Answer(code, body, {"Content-Type": "application/json", **(headers or {})})


def status(code: int, reason: str, message: str) -> Object:
    """An error as an object, which is also how a watch stream tells it."""
    what = {"apiVersion": "v1", "kind": "Status", "status": "Failure"}
    return {**what, "code": code, "reason": reason, "message": message}


class Rig:
    """One operator's way to the API server. `calls` are all that it sent, in order; `faults` are asked in turn."""

    def __init__(self, upstream: aiohttp.ClientSession, server: str) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.port = 0
        self.deaf = False  # events of watches are lost on the way
        self._upstream = upstream
        self._server = server
        self._seen: Counter[tuple[str, str, str, str]] = Counter()
        self._streams: dict[asyncio.Queue[bytes | None], str] = {}

    @property
    def writes(self) -> list[Call]:
        """The mutating calls, whatever became of them."""
        return [call for call in self.calls if call.is_write]

    def forget(self) -> None:
        """Counts writes from 1 again, as for another operator."""
        self._seen.clear()

    def cut_watches(self, resource: str = "") -> int:
        """Ends the watch streams of a resource (or all); returns how many there were."""
        return self._push(None, resource)

    def inject(self, event: Object, resource: str = "") -> int:
        """Puts an event into the watch streams of a resource (or all); returns how many there were."""
        return self._push(json.dumps(event).encode() + b"\n", resource)

    def _push(self, item: bytes | None, resource: str) -> int:
        queues = [queue for queue, of in self._streams.items() if resource in ("", of)]
        for queue in queues:
            queue.put_nowait(item)
        return len(queues)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serves one request of the operator."""
        call = await self._read(request)
        self.calls.append(call)

        async def proceed() -> Answer:
            return await self._forward(request, call)

        try:
            for fault in list(self.faults):
                answer = await fault(call, proceed)
                if answer is not None:
                    break
            else:
                if call.watch:
                    return await self._stream(request, call)
                answer = await proceed()
        except Cut:
            assert request.transport
            request.transport.abort()
            return web.Response(status=502)
        call.code = answer.code
        return web.Response(status=answer.code, body=answer.body, headers=answer.headers)

    async def _read(self, request: web.BaseRequest) -> Call:
        resource, namespace, name, subresource = _target(request.path)
        call = Call(
            method=request.method,
            path=request.path_qs,
            query=dict(request.query),
            body=await request.read(),
            resource=resource,
            namespace=namespace,
            name=name,
            subresource=subresource,
            watch=request.query.get("watch") in ("true", "1"),
            agent=request.headers.get("User-Agent", ""),
            at=asyncio.get_running_loop().time(),
        )
        if call.method in MUTATING and resource not in UNTRACKED:
            key = (call.method, resource, name, subresource)
            self._seen[key] += 1
            call.signature = Signature(*key, self._seen[key])
        return call

    async def _forward(self, request: web.BaseRequest, call: Call) -> Answer:
        async with self._upstream.request(
            call.method, self._server + call.path, data=call.body or None, headers=_end_to_end(request.headers)
        ) as response:
            body = await response.read()
            call.code = response.status
            return Answer(response.status, body, _end_to_end(response.headers))

    async def _stream(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        """Passes a watch on line by line, mixed with what the test injects, until either side ends it."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        reader = None
        self._streams[queue] = call.resource
        try:
            async with self._upstream.get(
                self._server + call.path,
                headers=_end_to_end(request.headers),
                timeout=aiohttp.ClientTimeout(total=None),
            ) as upstream:
                call.code = upstream.status
                response = web.StreamResponse(status=upstream.status, headers=_end_to_end(upstream.headers))
                reader = asyncio.create_task(self._pump(upstream.content, queue))
                with suppress(ConnectionError):
                    await response.prepare(request)
                    while (line := await queue.get()) is not None:
                        await response.write(line)
                    await response.write_eof()
            return response
        finally:
            del self._streams[queue]
            if reader:
                reader.cancel()

    async def _pump(self, lines: aiohttp.StreamReader, queue: asyncio.Queue[bytes | None]) -> None:
        with suppress(aiohttp.ClientError, ConnectionError):
            async for line in lines:
                if not self.deaf:
                    queue.put_nowait(line)
        queue.put_nowait(None)


def _target(path: str) -> tuple[str, str, str, str]:
    """(resource, namespace, name, subresource) of an API path; all empty for what names no resource."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if len(parts) > 2 and parts[0] == "namespaces":
        namespace, parts = parts[1], parts[2:]
    resource, name, subresource = (*parts, "", "", "")[:3]
    return resource, namespace, name, subresource


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


@asynccontextmanager
async def rigged(folder: Path, name: str, token: str) -> AsyncIterator[tuple[Rig, Path]]:
    """A rig in front of $KUBECONFIG's API server, and a kubeconfig for the operator whose (unused) token is `token`."""
    where = access()
    connector = aiohttp.TCPConnector(ssl=where.tls or False, limit=0)
    credentials = {"Authorization": f"Bearer {where.token}"} if where.token else {}
    async with aiohttp.ClientSession(connector=connector, headers=credentials, read_bufsize=2**22) as upstream:
        rig = Rig(upstream, where.server)
        server = web.Server(rig.handle)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        rig.port = int(runner.addresses[0][1])
        kubeconfig = folder / f"{name}.kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(rig.port, token)))
        try:
            yield rig, kubeconfig
        finally:
            rig.cut_watches()
            await runner.cleanup()


def _kubeconfig(port: int, token: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rig",
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "rig"}}],
        "clusters": [{"name": "rig", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "rig", "user": {"token": token}}],
    }
