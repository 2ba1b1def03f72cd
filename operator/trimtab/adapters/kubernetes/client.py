"""HTTP to the API server: one request in, decoded JSON or an error of the port out."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from trimtab.adapters.kubernetes import metrics
from trimtab.adapters.kubernetes.errors import translate
from trimtab.adapters.kubernetes.kinds import Kind
from trimtab.ports.cluster import LeaseLostError, UnavailableError
from trimtab.ports.lease import Lease

TIMEOUT = 30.0
MIN_LEASE = 2.0
"""Seconds of lease below which no write is begun."""

APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"


class ApiClient:
    """Requests through one session, at most `limit` at a time.

    Writes are sent only while the lease is ours, checked once nothing else stands between the check and the send, and
    give up before the lease ends.
    """

    def __init__(self, session: aiohttp.ClientSession, server: str, lease: Lease, *, limit: int = 32) -> None:
        self._session = session
        self._server = server
        self._host = urlsplit(server).netloc
        self._lease = lease
        self._gate = asyncio.Semaphore(limit)

    async def read(self, kind: Kind, path: str, *, verb: str = "get", query: Mapping[str, str] | None = None) -> Any:
        """GET, decoded. Raises ClusterError."""
        return json.loads(await self._send("GET", path, kind=kind.kind, verb=verb, query=query, seconds=TIMEOUT))

    async def read_bytes(self, kind: Kind, path: str, *, query: Mapping[str, str] | None = None) -> bytes:
        """GET of something that is not JSON. Raises ClusterError."""
        return await self._send("GET", path, kind=kind.kind, verb="get", query=query, seconds=TIMEOUT)

    async def watch(self, kind: Kind, path: str, *, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
        """(type, object) of each change until the server ends the stream; not among the limited requests.

        Raises ClusterError; a resourceVersion that is too old is one, too.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0)
        try:
            async with self._session.get(
                self._server + path, params={**query, "watch": "true"}, timeout=timeout
            ) as response:
                if response.status >= 400:
                    raise translate(response.status, await response.read(), response.headers)
                async for line in response.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise translate(int(event["object"].get("code", 500)), json.dumps(event["object"]).encode(), {})
                    yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnavailableError(f"watch {kind.kind}: {error or type(error).__name__}") from error

    async def write(
        self,
        method: str,
        kind: Kind,
        path: str,
        body: Mapping[str, Any],
        *,
        verb: str,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """A write under the lease. Raises ClusterError; LeaseLostError if it was not sent."""
        data = json.dumps(body, separators=(",", ":")).encode()
        return json.loads(
            await self._send(method, path, kind=kind.kind, verb=verb, query=query, data=data, content_type=content_type)
        )

    async def _send(
        self,
        method: str,
        path: str,
        *,
        kind: str,
        verb: str,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content_type: str = "",
        seconds: float | None = None,
    ) -> bytes:
        headers = {"Content-Type": content_type} if data is not None else {}
        code = "error"
        async with self._gate:
            limit = seconds if seconds is not None else self._allowance()
            started = time.perf_counter()
            try:
                async with self._session.request(
                    method,
                    self._server + path,
                    params=query,
                    data=data,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=limit, connect=min(5.0, limit)),
                ) as response:
                    body = await response.read()
                    code = str(response.status)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise UnavailableError(f"{verb} {kind}: {error or type(error).__name__}") from error
            finally:
                metrics.count(code, method, self._host, verb, kind, time.perf_counter() - started)
        if response.status >= 400:
            raise translate(response.status, body, response.headers)
        return body

    def _allowance(self) -> float:
        """Seconds that a write may take. The margin covers what the answer needs to be acted upon."""
        remaining = self._lease.remaining()
        if remaining < MIN_LEASE:
            raise LeaseLostError(f"not sent: {max(remaining, 0.0):.1f} s are left of the lease")
        return min(TIMEOUT, remaining - 1.0)
