"""The kubelet's order at a pod's end loses no request: preStop's sleep on both, SIGTERM to the service, then the proxy.

While both sleep, new connections go to other pods; the connections that are there must move away by themselves.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from tests.integration.proxy.conftest import Start
from tests.integration.proxy.envoy import Envoy
from tests.integration.proxy.http2 import Connection, connect
from tests.support.kube import poll

DRAIN = 8
SPEC = {"shutdown": {"drain": f"{DRAIN}s", "grace": "16s"}}
CLIENTS = 8
PAUSE = 0.01
TICK = 0.1


@dataclass(kw_only=True)
class Endpoints:
    """Where new connections go, and what became of the requests."""

    port: int
    answers: list[int] = field(default_factory=list)
    over: bool = False


async def _http(endpoints: Endpoints) -> None:
    """A client that keeps its connection until an answer tells it not to."""
    while not endpoints.over:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoints.port)
        kept = True
        while kept and not endpoints.over:
            writer.write(b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(2)
            endpoints.answers.append(int(head.split(" ")[1]))
            kept = "connection: close" not in head
            await asyncio.sleep(PAUSE)  # the pace of the load
        writer.close()


async def _grpc(endpoints: Endpoints) -> None:
    """A client that keeps its connection until it is told that the other side goes away."""
    while not endpoints.over:
        client = await connect(endpoints.port)
        while not client.going_away and not endpoints.over:
            stream = client.grpc("/ok")
            await asyncio.wait_for(stream.ended.wait(), 60)
            endpoints.answers.append(int(stream.trailers["grpc-status"]))
            await asyncio.sleep(PAUSE)  # as above
        client.transport.close()


@pytest.mark.parametrize(("protocol", "client", "good"), [("HTTP", _http, 200), ("GRPC", _grpc, 0)])
async def test_kept_alive_connections_move_away_before_the_service_ends(
    proxy: Start, protocol: str, client: Callable[[Endpoints], Awaitable[None]], good: int
) -> None:
    ending, service = await proxy(protocol, **SPEC)
    staying, _ = await proxy(protocol, **SPEC)
    endpoints = Endpoints(port=ending.direct)
    clients = asyncio.gather(*(client(endpoints) for _ in range(CLIENTS)))
    await poll(lambda: _connected(ending, CLIENTS), 60, "all clients are connected", every=0.02)

    endpoints.port = staying.direct  # the pod is terminating: no new connection comes
    await _run(DRAIN)  # preStop, in both containers
    assert await _connected(ending, 0)
    service.server.close()
    ending.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(ending.process.wait(), 60)

    before = len(endpoints.answers)
    await poll(lambda: _more(endpoints, before), 60, "the other pod serves on", every=0.02)
    endpoints.over = True
    await clients
    assert set(endpoints.answers) == {good}


async def _run(seconds: float) -> None:
    """Returns after so many seconds in which this process ran: while it stands still, its clients cannot move away."""
    ran = 0.0
    while ran < seconds:
        begin = time.monotonic()
        await asyncio.sleep(TICK)
        ran += min(time.monotonic() - begin, 2 * TICK)


async def _connected(envoy: Envoy, number: int) -> bool:
    return await envoy.count("envoy_http_downstream_cx_active", envoy_http_conn_manager_prefix="direct") == number


async def _more(endpoints: Endpoints, before: int) -> bool:
    return len(endpoints.answers) > before + CLIENTS


async def test_a_long_call_outlives_the_age_of_its_connection(proxy: Start) -> None:
    envoy, service = await proxy("GRPC", **SPEC)
    client = await connect(envoy.direct)
    stream = client.grpc("/slow")
    await poll(lambda: _over(client), 60, "the time that connections get to close is over", every=0.05)
    service.release.set()
    await asyncio.wait_for(stream.ended.wait(), 60)
    assert stream.trailers["grpc-status"] == "0"
    client.transport.close()


async def _over(client: Connection) -> bool:
    """Envoy says so twice: that it takes no new streams soon, and after drain_timeout that it takes none."""
    return client.farewells == 2
