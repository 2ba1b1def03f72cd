"""Requests go through the proxy as if it were not there, on each of its listeners."""

import asyncio

import aiohttp
import pytest
from tests.integration.proxy.conftest import Start
from tests.integration.proxy.http2 import connect


@pytest.mark.parametrize("listener", ["direct", "routed"])
async def test_http_goes_through_both_listeners_unchanged(proxy: Start, listener: str) -> None:
    envoy, upstream = await proxy("HTTP")
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{getattr(envoy, listener)}"
        headers = {"x-forwarded-for": "192.0.2.7", "x-request-id": "given", "forwarded": "for=192.0.2.7"}
        async with session.post(f"{url}/a//b/../c?d=%2F", data=b"body", headers=headers) as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
            assert answer.headers["server"] == "mine"
            assert not [name for name in answer.headers if name.lower().startswith("x-")]
    seen = upstream.seen[0]
    assert seen["host"] == f"127.0.0.1:{getattr(envoy, listener)}"
    assert {name: seen[name] for name in headers} == headers
    assert not [name for name in seen if name.startswith("x-envoy")]


async def test_the_path_reaches_the_service_as_it_was_sent(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP")
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.direct)
    writer.write(b"GET /a//b/../c?d=%2F HTTP/1.1\r\nhost: orders\r\nconnection: close\r\n\r\n")
    assert b"200 OK" in await reader.read()
    writer.close()
    assert upstream.seen[0][":path"] == "/a//b/../c?d=%2F"


async def test_a_client_of_http_1_0_is_served(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP")
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.direct)
    writer.write(b"GET /ok HTTP/1.0\r\n\r\n")
    assert b"200 OK" in await reader.read()
    writer.close()


async def test_a_client_can_set_neither_timeout_nor_retries(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP")
    headers = {"x-envoy-upstream-rq-timeout-ms": "50", "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3"}
    async with aiohttp.ClientSession(headers=headers) as session:
        slow = asyncio.ensure_future(session.get(f"http://127.0.0.1:{envoy.direct}/slow"))
        await asyncio.wait({slow}, timeout=0.3)
        upstream.release.set()
        assert (await slow).status == 200
        async with session.get(f"http://127.0.0.1:{envoy.direct}/http/500") as answer:
            assert answer.status == 500
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("listener", ["direct", "routed"])
async def test_grpc_keeps_status_message_and_trailers(proxy: Start, listener: str) -> None:
    envoy, _ = await proxy("GRPC")
    client = await connect(getattr(envoy, listener))
    stream = client.grpc("/status/5")
    await asyncio.wait_for(stream.ended.wait(), 60)
    assert (stream.headers[":status"], stream.body, stream.trailers) == ("200", bytes(5), {"grpc-status": "5"})
    client.transport.close()


async def test_http2_without_tls_stays_http2(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP2")
    client = await connect(envoy.direct)
    stream = client.request("/http/204")
    await asyncio.wait_for(stream.ended.wait(), 60)
    assert stream.headers[":status"] == "204"
    assert upstream.seen[0][":authority"] == "orders"
    client.transport.close()


async def test_a_stream_that_the_service_refuses_is_sent_once_more_and_no_other(proxy: Start) -> None:
    envoy, upstream = await proxy("GRPC")
    client = await connect(envoy.direct)
    for path in ("/refuse", "/cut"):
        stream = client.grpc(path)
        await asyncio.wait_for(stream.ended.wait(), 60)
    assert [seen[":path"] for seen in upstream.seen] == ["/refuse", "/refuse", "/cut"]
    client.transport.close()


async def test_tcp_goes_through_with_half_closed_connections(proxy: Start) -> None:
    envoy, _ = await proxy("TCP")
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.direct)
    writer.write(b"any bytes \x00\xff")
    writer.write_eof()
    assert await reader.read() == b"any bytes \x00\xff"
    writer.close()
    assert await envoy.count("envoy_tcp_downstream_cx_total", envoy_tcp_prefix="direct") == 1


async def test_what_the_administration_interface_has_is_not_shown(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP")
    shown = set()
    paths = ("/", "/ready", "/stats/prometheus", "/stats", "/config_dump", "/clusters", "/logging", "/quitquitquit")
    for path in (*paths, "/stats/prometheus/../../config_dump", "//stats", "/ready/"):
        for method in ("GET", "POST", "PUT"):
            reader, writer = await asyncio.open_connection("127.0.0.1", envoy.metrics)
            writer.write(f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode())
            if await reader.readline() != b"HTTP/1.1 404 Not Found\r\n":
                shown.add((method, path))
            writer.close()
    assert shown == {("GET", "/ready"), ("GET", "/stats/prometheus")}
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.2", envoy.admin)
    for address in ("127.0.0.1", "127.0.0.2", "::1"):
        _, writer = await asyncio.open_connection(address, envoy.metrics)
        writer.close()
