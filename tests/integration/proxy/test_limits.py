"""The limits of spec.resilience, and that there are none without it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from tests.integration.proxy.conftest import Start
from tests.integration.proxy.envoy import Envoy
from tests.integration.proxy.http2 import Stream, connect
from tests.support.kube import poll

SLOW = aiohttp.ClientTimeout(total=120)


async def until(true: Callable[[], bool], what: str) -> None:
    async def question() -> bool:
        return true()

    await poll(question, 60, what, every=0.02)


async def status(session: aiohttp.ClientSession, envoy: Envoy, path: str) -> int:
    async with session.get(f"http://127.0.0.1:{envoy.direct}{path}") as answer:
        return answer.status


async def statuses(session: aiohttp.ClientSession, envoy: Envoy, path: str, number: int) -> list[int]:
    return list(await asyncio.gather(*(status(session, envoy, path) for _ in range(number))))


async def until_pending(envoy: Envoy) -> None:
    async def question() -> bool:
        return await envoy.count("envoy_cluster_upstream_rq_pending_active") == 1

    await poll(question, 60, "a request waits", every=0.02)


async def test_a_request_that_takes_longer_than_the_timeout_is_answered_with_504(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP", resilience={"timeout": "3s"})
    async with aiohttp.ClientSession() as session:
        assert await statuses(session, envoy, "/slow", 1) == [504]
        assert await statuses(session, envoy, "/ok", 1) == [200]


async def test_a_call_that_takes_longer_than_the_timeout_ends_as_unavailable(proxy: Start) -> None:
    envoy, _ = await proxy("GRPC", resilience={"timeout": "200ms"})
    client = await connect(envoy.direct)
    stream = client.grpc("/slow")
    await asyncio.wait_for(stream.ended.wait(), 60)
    assert stream.headers["grpc-status"] == "14"
    assert await envoy.count("envoy_http_bad_grpc", envoy_http_conn_manager_prefix="direct") == 1
    client.transport.close()


async def test_without_a_timeout_the_proxy_waits(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP", resilience={})
    routes = envoy.routes()
    assert [route["timeout"] for route in routes] == ["0s", "0s"], "Envoy's own default is 15 s"
    async with aiohttp.ClientSession() as session:
        asyncio.get_running_loop().call_later(1.0, upstream.release.set)
        assert await statuses(session, envoy, "/slow", 1) == [200]


async def test_requests_beyond_max_connections_wait_and_beyond_max_pending_are_shed(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP", resilience={"maxConnections": 2, "maxPending": 3})
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=SLOW) as session:
        requests = [asyncio.ensure_future(status(session, envoy, "/slow")) for _ in range(20)]
        # At most twice maxConnections: what opens a connection counts as waiting.
        await until(lambda: sum(each.done() for each in requests) >= 20 - (2 + 3 + 2), "all others are shed")
        upstream.release.set()
        answers = await asyncio.gather(*requests)
    assert set(answers) == {200, 503}
    assert 2 + 3 <= answers.count(200) <= 2 + 3 + 2
    assert upstream.most == 2


async def test_both_listeners_share_the_limit_on_connections(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP", resilience={"maxConnections": 1, "maxPending": 0})
    async with aiohttp.ClientSession(timeout=SLOW) as session:
        first = asyncio.ensure_future(session.get(f"http://127.0.0.1:{envoy.direct}/slow"))
        await until(lambda: upstream.running == 1, "the first request is worked on")
        waiting = asyncio.ensure_future(session.get(f"http://127.0.0.1:{envoy.routed}/ok"))
        await until_pending(envoy)
        async with session.get(f"http://127.0.0.1:{envoy.routed}/ok") as answer:
            assert answer.status == 503
        upstream.release.set()
        assert [(await first).status, (await waiting).status] == [200, 200]
    assert upstream.most == 1


async def test_calls_beyond_max_connections_are_shed_on_one_http2_connection(proxy: Start) -> None:
    envoy, upstream = await proxy("GRPC", resilience={"maxConnections": 2})
    client = await connect(envoy.direct)
    streams = [client.grpc("/slow") for _ in range(2)]
    await until(lambda: upstream.running == 2, "two calls are worked on")
    third = client.grpc("/ok")
    await asyncio.wait_for(third.ended.wait(), 60)
    assert third.headers["grpc-status"] == "14"
    upstream.release.set()
    for stream in streams:
        await asyncio.wait_for(stream.ended.wait(), 60)
        assert stream.trailers["grpc-status"] == "0"
    client.transport.close()


async def test_tcp_connections_beyond_max_connections_are_closed(proxy: Start) -> None:
    envoy, _ = await proxy("TCP", resilience={"maxConnections": 1})
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.direct)
    writer.write(b"x")
    assert await reader.readexactly(1) == b"x"
    refused, other = await asyncio.open_connection("127.0.0.1", envoy.direct)
    assert await asyncio.wait_for(refused.read(), 60) == b""
    for each in (writer, other):
        each.close()


async def test_without_limits_many_requests_are_worked_on_at_once(proxy: Start) -> None:
    envoy, upstream = await proxy("GRPC", resilience={})
    client = await connect(envoy.direct)
    streams = [client.grpc("/slow") for _ in range(90)]
    await until(lambda: upstream.running == 90, "all are worked on")
    upstream.release.set()
    await asyncio.gather(*(asyncio.wait_for(stream.ended.wait(), 60) for stream in streams))
    assert {stream.trailers["grpc-status"] for stream in streams} == {"0"}
    client.transport.close()


@pytest.mark.parametrize("protocol", ["HTTP", "GRPC"])
async def test_requests_beyond_the_rate_are_shed_and_are_not_bad(proxy: Start, protocol: str) -> None:
    limit: dict[str, Any] = {"rateLimit": {"requestsPerSecond": 2}}
    envoy, upstream = await proxy(protocol, resilience=limit)
    begun = time.monotonic()
    if protocol == "HTTP":
        async with aiohttp.ClientSession() as session:
            answers = [str(status) for status in await statuses(session, envoy, "/ok", 60)]
    else:
        client = await connect(envoy.direct)
        streams = [client.grpc("/ok") for _ in range(60)]
        await asyncio.gather(*(asyncio.wait_for(stream.ended.wait(), 60) for stream in streams))
        answers = [_grpc_status(stream) for stream in streams]
        client.transport.close()
    shed = answers.count("429" if protocol == "HTTP" else "8")
    assert len(upstream.seen) == 60 - shed
    took = time.monotonic() - begun
    assert 2 <= len(upstream.seen) <= 2 * (2 + took), "one second's requests at once, and what each second more brings"
    assert shed
    assert await envoy.count("envoy_http_bad_grpc") == 0
    assert await envoy.count("envoy_http_downstream_rq_xx", envoy_response_code_class="5") == 0


def _grpc_status(stream: Stream) -> str:
    return stream.trailers.get("grpc-status") or stream.headers["grpc-status"]
