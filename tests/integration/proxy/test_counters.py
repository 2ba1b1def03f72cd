"""What a release is judged by: every request is counted where it came in, and each that failed is bad exactly once."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from tests.integration.proxy.conftest import Start
from tests.integration.proxy.envoy import OWNER, REVISION, Envoy
from tests.integration.proxy.http2 import connect
from tests.integration.proxy.upstream import Upstream
from tests.support.kube import poll

from trimtab.adapters.prometheus.answers import Found
from trimtab.adapters.prometheus.questions import questions
from trimtab.adapters.prometheus.sorting import sorted_out
from trimtab.domain.release.counting.counters import Arm, Listener
from trimtab.domain.release.counting.meters import Connections, Count, Errors, Measure, Meter, Slow
from trimtab.domain.service.proxy.stats import BAD_GRPC, BUCKETS

CODES = {
    "UNKNOWN": 2,
    "DEADLINE_EXCEEDED": 4,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
}
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "operations.md"
BOUND = 3000
"""Milliseconds after which a request that its client gave up is bad."""


async def counted(envoy: Envoy, prefix: str, measure: Measure) -> Count:
    """What a release would be judged by after one scrape, by the code that reads it from Prometheus."""
    scraper = {"namespace": OWNER.namespace, "pod": "one"}
    found = [
        Found(labels={**labels, **scraper, "__name__": name}, samples=((0.0, value),))
        for name, samples in (await envoy.samples()).items()
        for labels, value in samples
    ]
    meter = Meter(Arm(OWNER.namespace, OWNER.name, REVISION, cast("Listener", prefix)), measure)
    told = sorted_out(found, questions([], [meter]))
    assert not told.unread
    (tally,) = told.tallies[meter]
    return tally.counts[0]


async def total(envoy: Envoy, prefix: str) -> float:
    return (await counted(envoy, prefix, Errors("Proxy", BOUND))).total


async def bad(envoy: Envoy, prefix: str = "routed") -> float:
    return (await counted(envoy, prefix, Errors("Proxy", BOUND))).bad


async def until(question: Callable[[], Awaitable[object]], what: str) -> None:
    """Counters are there at once, histograms within their second."""
    await poll(question, 60, what, every=0.05)


async def test_requests_are_counted_by_listener_with_the_labels_of_the_revision(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP")
    async with aiohttp.ClientSession() as session:
        for port in (envoy.direct, envoy.routed, envoy.routed):
            async with session.get(f"http://127.0.0.1:{port}/ok"):
                pass
    assert (await total(envoy, "direct"), await total(envoy, "routed")) == (1, 2)
    own = {"trimtab_namespace": OWNER.namespace, "trimtab_microservice": OWNER.name, "trimtab_revision": REVISION}
    for name, samples in (await envoy.samples()).items():
        assert all(own.items() <= labels.items() for labels, _ in samples), name


async def test_a_scrape_is_small(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP")
    assert sum(len(samples) for samples in (await envoy.samples()).values()) <= 120


@pytest.mark.parametrize(
    ("path", "is_bad"),
    [
        ("/ok", 0),
        ("/http/404", 0),
        ("/http/429", 0),
        ("/http/500", 1),
        ("/http/503", 1),
        ("/cut", 1),
        ("/drop", 1),
    ],
)
async def test_http_that_failed_is_bad_once(proxy: Start, path: str, is_bad: int) -> None:
    envoy, _ = await proxy("HTTP")
    reader, writer = await asyncio.open_connection("127.0.0.1", envoy.routed)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await until(lambda: _is(total, envoy, "routed", 1), "the request is counted")
    assert (await bad(envoy), await bad(envoy, "direct")) == (is_bad, 0)


async def _is(question: Callable[[Envoy, str], Awaitable[float]], envoy: Envoy, prefix: str, wanted: float) -> bool:
    return await question(envoy, prefix) == wanted


async def test_a_grpc_call_that_failed_is_bad_once(proxy: Start) -> None:
    envoy, _ = await proxy("GRPC")
    assert set(CODES) == set(BAD_GRPC)
    client = await connect(envoy.routed)
    failing = {*CODES.values()}
    calls = {f"/{kind}/{code}": int(code in failing) for kind in ("status", "only") for code in range(17)}
    calls |= {"/http/503": 1, "/http/404": 0, "/cut": 1, "/refuse": 1, "/ok": 0}
    expected = 0
    for path, is_bad in calls.items():
        stream = client.grpc(path)
        await asyncio.wait_for(stream.ended.wait(), 60)
        expected += is_bad
        assert await bad(envoy) == expected, path
    assert await total(envoy, "routed") == len(calls)
    client.transport.close()


@pytest.mark.parametrize("protocol", ["HTTP", "GRPC"])
async def test_a_request_that_its_client_gave_up_is_bad_only_when_it_had_waited_for_long(
    proxy: Start, protocol: str
) -> None:
    envoy, upstream = await proxy(protocol)
    give_up = _give_up_http if protocol == "HTTP" else _give_up_grpc
    await give_up(envoy, upstream, BOUND / 1000 + 0.1)
    number = 2
    while await give_up(envoy, upstream, 0.1) >= BOUND / 1000:
        number += 1  # the machine stood still meanwhile: nobody knows what the proxy takes it for
    await until(lambda: _given_up(envoy, number), "all are counted")
    assert await total(envoy, "routed") == number
    assert 1 <= await bad(envoy) <= number - 1
    upstream.release.set()


async def _given_up(envoy: Envoy, number: int) -> bool:
    return await envoy.count("envoy_http_canceled_time_count", envoy_http_conn_manager_prefix="routed") == number


async def _give_up_http(envoy: Envoy, upstream: Upstream, seconds: float) -> float:
    """How long it took at the most until the proxy saw that the client had gone, after waiting so many seconds."""
    before, begin = len(upstream.seen), time.monotonic()
    _, writer = await asyncio.open_connection("127.0.0.1", envoy.routed)
    writer.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
    await until(lambda: _has_seen(upstream, before + 1), "the proxy has passed the request on")
    await asyncio.sleep(seconds)  # how long the client waits is what is tested
    writer.close()
    await until(lambda: _is_idle(envoy), "the proxy has seen that the client has gone")
    return time.monotonic() - begin


async def _give_up_grpc(envoy: Envoy, upstream: Upstream, seconds: float) -> float:
    """As above."""
    before, begin = len(upstream.seen), time.monotonic()
    client = await connect(envoy.routed)
    stream = client.grpc("/slow")
    await until(lambda: _has_seen(upstream, before + 1), "the proxy has passed the call on")
    await asyncio.sleep(seconds)  # as above
    client.reset(stream)
    await until(lambda: _is_idle(envoy), "the proxy has seen the reset")
    took = time.monotonic() - begin
    client.transport.close()
    return took


async def _has_seen(upstream: Upstream, number: int) -> bool:
    return len(upstream.seen) == number


async def _is_idle(envoy: Envoy) -> bool:
    return await envoy.count("envoy_http_downstream_rq_active") == 0


async def test_latency_is_in_the_agreed_buckets(proxy: Start) -> None:
    envoy, upstream = await proxy("HTTP")
    async with aiohttp.ClientSession() as session:
        request = asyncio.ensure_future(session.get(f"http://127.0.0.1:{envoy.routed}/slow"))
        await until(lambda: _is_begun(upstream), "the service works on it")
        asyncio.get_running_loop().call_later(0.12, upstream.release.set)
        assert (await request).status == 200
    by = {"envoy_http_conn_manager_prefix": "routed"}
    name = "envoy_http_downstream_rq_time_bucket"
    await until(lambda: envoy.count(name, le="+Inf", **by), "the histogram is there")
    samples = (await envoy.samples())[name]
    found = {labels["le"]: value for labels, value in samples if by.items() <= labels.items()}
    assert list(found) == [*(str(bucket) for bucket in BUCKETS), "+Inf"]
    assert (found["100"], found["30000"]) == (0, 1)
    for under, slow in ((100, 1), (10000, 0)):
        assert await counted(envoy, "routed", Slow("Proxy", under)) == (0.0, 1, slow)


async def test_connections_are_counted_by_listener(proxy: Start) -> None:
    envoy, _ = await proxy("HTTP")
    for _attempt in range(3):
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{envoy.direct}/ok"):
            pass
    assert (await counted(envoy, "direct", Connections())).total == 3
    assert (await counted(envoy, "routed", Connections())).total == 0


async def _is_begun(upstream: Upstream) -> bool:
    return upstream.running == 1


async def test_the_guide_names_metrics_that_there_are(proxy: Start) -> None:
    section = GUIDE.read_text().partition("\n## Metrics of the proxy\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`(envoy_(?:http_[cd]|http_bad|cluster)\w+)`", section))
    envoy, upstream = await proxy("GRPC")
    client = await connect(envoy.direct)
    await asyncio.wait_for(client.grpc("/status/13").ended.wait(), 60)
    client.grpc("/slow")
    await until(lambda: _is_begun(upstream), "the service works on it")
    client.transport.abort()
    await until(lambda: envoy.count("envoy_http_canceled_time_count"), "the call that was given up is counted")
    found = {re.sub("_(bucket|sum|count)$", "", name) for name in await envoy.samples()}
    assert documented - {"envoy_http_conn_manager_prefix"} <= found
    assert len(documented) >= 8
