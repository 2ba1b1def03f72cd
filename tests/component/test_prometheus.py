"""The Prometheus adapter against a server that misbehaves in every way it can (faults P1 to P14)."""

import asyncio
import gzip
import math
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from tests.component.prometheus_server import ARM, Answer, Server, series, server, success, text

from trimtab.adapters.prometheus import answers
from trimtab.adapters.prometheus.client import TIMEOUT, PrometheusClient
from trimtab.adapters.prometheus.questions import MAX_QUESTIONS
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.adapters.prometheus.resting import PATIENCE
from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Errors, Expression, Meter

__all__ = ["server"]

OTHER = Arm("shop", "orders", "bbbbbbbbbb", "routed")
SHORT, PATIENT = 0.5, 30.0
"""Seconds for a server that never answers, and for one that does, however busy the machine is."""
WINDOW = 30.0

QUERY = (
    '{__name__=~"envoy_http_downstream_rq_total",namespace=~"shop",trimtab_namespace=~"shop",'
    'trimtab_microservice=~"orders",trimtab_revision=~"aaaaaaaaaa|bbbbbbbbbb",'
    'envoy_http_conn_manager_prefix=~"routed"}[30000ms]'
)


@pytest_asyncio.fixture
async def metrics(server: Server) -> AsyncIterator[PrometheusMetrics]:
    client = PrometheusClient(f"http://127.0.0.1:{server.port}/base/")
    yield PrometheusMetrics(client, within=PATIENT)
    await client.close()


def only_failed(reading: Reading, arm: Arm = ARM) -> str:
    assert not reading.series
    return reading.failed[arm]


async def test_the_query_selects_the_window_of_exactly_these_arms(server: Server, metrics: PrometheusMetrics) -> None:
    server.answer = success(series(ARM, "1", "2", "3"))
    reading = await metrics.read([ARM, OTHER], (), WINDOW)
    assert server.paths == ["/base/api/v1/query"]
    assert server.queries == [QUERY]
    (one,) = reading.series[ARM]
    assert one.samples == ((100, 1), (110, 2), (120, 3))
    assert OTHER not in reading.series
    assert not reading.failed
    assert "Authorization" not in server.headers[0]


async def test_series_of_others_are_left_out(server: Server, metrics: PrometheusMetrics) -> None:
    """P6, P8: another revision, another namespace, a pod that pretends to be in another one, a series of no pod."""
    server.answer = success(
        series(Arm("shop", "orders", "cccccccccc", "routed"), "7"),
        series(Arm("billing", "orders", "aaaaaaaaaa", "routed"), "7"),
        series(ARM, "7", namespace="billing", pod="pretender"),
        series(ARM, "7", pod=""),
        series(ARM, "7", envoy_http_conn_manager_prefix="admin"),
        {"metric": {}, "values": [[1, "1"]]},
        {"metric": "x"},
        "x",
        series(ARM, "1"),
    )
    reading = await metrics.read([ARM], (), WINDOW)
    assert {arm: [each.pod for each in found] for arm, found in reading.series.items()} == {ARM: ["one"]}


async def test_a_pod_that_two_jobs_scrape_counts_once_and_always_the_same(
    server: Server, metrics: PrometheusMetrics
) -> None:
    both = [series(ARM, "1", job="a"), series(ARM, "2", job="b")]
    for answer in (both, both[::-1]):
        server.answer = success(*answer)
        reading = await metrics.read([ARM], (), WINDOW)
        assert [each.samples[-1][1] for each in reading.series[ARM]] == [1]


async def test_names_that_are_none_harm_nobody_else(server: Server, metrics: PrometheusMetrics) -> None:
    server.answer = success(series(ARM, "1"))
    nobody = Arm("shop", "orders2", "", "routed")
    reading = await metrics.read([ARM, nobody], [Meter(nobody, Expression("x"))], WINDOW)
    assert (set(reading.series), set(reading.failed)) == ({ARM}, {nobody})
    assert len(server.queries) == 1


async def test_no_data_is_an_answer(metrics: PrometheusMetrics) -> None:
    """P4, P12."""
    reading = await metrics.read([ARM], (), WINDOW)
    assert (reading.series, reading.failed) == ({}, {})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (text("<html>no such thing</html>", 404), "HTTP 404"),
        (text("", 500), "HTTP 500"),
        (text('{"status":"error","errorType":"timeout","error":"s3cret"}', 503), "HTTP 503: timeout"),
        (text('{"status":"error","errorType":"execution","error":"s3cret"}'), "HTTP 200: execution"),
        (text('{"status":"error","errorType":"<s3cret>","error":"s3cret"}', 422), "HTTP 422"),
        (text("s3cret"), "HTTP 200"),
        (text("[" * 100_000), "HTTP 200"),
        (text("[]"), "HTTP 200"),
        (success(kind="vector"), "series of samples"),
        (success(kind="scalar"), "series of samples"),
        (text('{"status":"success","data":{"resultType":"matrix","result":{}}}'), "series of samples"),
        (text('{"status":"success"}'), "series of samples"),
        (success(series(), warnings=["s3cret: one store did not answer"]), "incomplete"),
        (text("", 302, Location="http://127.0.0.1:1/"), "redirect"),
        (text("", 307, Location="http://169.254.169.254/"), "redirect"),
        (success(series(ARM, "NaN")), "finite"),
        (success(series(ARM, "1", "+Inf")), "finite"),
        (success(series(ARM, "-Inf")), "finite"),
        (success(series(ARM, "-1")), "finite"),
        (success(series(ARM, "x")), "finite"),
        (success(series(ARM, None)), "finite"),
        (success({**series(), "values": [[110, "1"], [100, "2"]]}), "order of time"),
        (success({**series(), "values": [[math.pi]]}), "finite"),
        (success({"metric": series()["metric"]}), "finite"),
        (text(b"\x1f\x8b broken", 200, **{"Content-Encoding": "gzip"}), "compression"),
        (text(gzip.compress(b"{}")[:-4], 200, **{"Content-Encoding": "gzip"}), "too early"),
        (text('{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}'), "incomplete"),
        (text('{"status":"success","data":{"resultType":"matrix","result":[{"metric":{}'), "HTTP 200"),
    ],
)
async def test_what_is_no_proper_answer_is_a_failure_with_a_safe_message(
    server: Server, metrics: PrometheusMetrics, answer: Answer, message: str
) -> None:
    """P3, P5, P7, P11, P14."""
    server.answer = answer
    told = only_failed(await metrics.read([ARM], (), WINDOW))
    assert message in told
    assert "s3cret" not in told
    assert "127.0.0.1" not in told
    assert len(server.queries) == 1, "a redirect was followed, or the query repeated"


async def test_a_server_that_is_down() -> None:
    """P1."""
    client = PrometheusClient("http://127.0.0.1:1")
    assert only_failed(await PrometheusMetrics(client).read([ARM], (), WINDOW)) == "Prometheus cannot be reached"
    await client.close()


@pytest.mark.parametrize("begin", [b"", b'{"status":'], ids=["silent", "dripping"])
async def test_a_server_that_never_ends(server: Server, begin: bytes) -> None:
    """P2, P10."""
    client = PrometheusClient(f"http://127.0.0.1:{server.port}")

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begin:
            await response.prepare(request)
            await response.write(begin)
        await asyncio.Event().wait()  # for ever, until the connection is given up
        return response

    server.answer = drip
    async with asyncio.timeout(TIMEOUT - 1):  # what is given counts, not what is usual
        reading = await PrometheusMetrics(client, within=SHORT).read([ARM], (), WINDOW)
    assert "did not answer in time" in only_failed(reading)
    await client.close()


async def test_an_answer_that_ends_too_early(server: Server, metrics: PrometheusMetrics) -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"status":"success"')
        assert request.transport is not None
        request.transport.abort()
        return response

    server.answer = hang_up
    assert only_failed(await metrics.read([ARM], (), WINDOW)) == "Prometheus cannot be reached"


async def test_one_service_with_too_many_series_harms_no_other(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: also when the answer is small as long as it is compressed. It is not asked about again for a while."""
    monkeypatch.setattr(answers, "MAX_BYTES", 4096)
    neighbours = [Arm("shop", name, "aaaaaaaaaa", "routed") for name in ("cart", "stock", "users")]

    async def answer(request: web.Request) -> web.StreamResponse:
        query = server.queries[-1]
        wanted = [series(arm) for arm in (ARM, OTHER, *neighbours) if f"{arm.microservice}" in query]
        body = {"data": {"resultType": "matrix", "result": wanted}, "status": "success"}
        if "orders" in query:
            body["padding"] = "x" * 10_000
        response = web.json_response(body)
        response.enable_compression(web.ContentCoding.gzip)
        response.enable_chunked_encoding()
        return response

    server.answer = answer
    clock = 0.0
    client = PrometheusClient(f"http://127.0.0.1:{server.port}")
    metrics = PrometheusMetrics(client, now=lambda: clock)
    for queries in (5, 1):
        reading = await metrics.read([ARM, OTHER, *neighbours], (), WINDOW)
        assert set(reading.failed) == {ARM, OTHER}, "both arms of a service have one fate"
        assert "more than" in reading.failed[ARM]
        assert set(reading.series) == set(neighbours)
        assert len(server.queries) == queries
        server.queries.clear()
    clock = PATIENCE + 1
    await metrics.read([ARM, OTHER, *neighbours], (), WINDOW)
    assert any("orders" in query for query in server.queries)
    await client.close()


async def test_many_arms_are_few_queries_of_bounded_length(server: Server) -> None:
    arms = [
        Arm("shop", f"service-{number}", revision, "routed")
        for number in range(5 * MAX_QUESTIONS)
        for revision in ("aaaaaaaaaa", "bbbbbbbbbb")
    ]

    async def answer(_: web.Request) -> web.StreamResponse:
        services = re.findall(r"service-[0-9]+", server.queries[-1])
        wanted = [series(Arm("shop", name, "aaaaaaaaaa", "routed")) for name in services]
        return await success(*wanted)(_)

    server.answer = answer
    client = PrometheusClient(f"http://127.0.0.1:{server.port}")
    reading = await PrometheusMetrics(client).read(arms, (), WINDOW)
    await client.close()
    assert set(reading.series) == {arm for arm in arms if arm.revision == "aaaaaaaaaa"}
    assert len(server.queries) == 5
    assert max(len(query) for query in server.queries) < 64 * 1024


async def test_the_time_is_that_of_the_store_when_it_looked(server: Server, metrics: PrometheusMetrics) -> None:
    """Never later, since what came in after that is not in the answer."""
    server.answer = text(
        '{"status":"success","data":{"resultType":"matrix","result":[]}}', Date="Sun, 22 Nov 2026 08:00:10 GMT"
    )
    begun = time.perf_counter()
    reading = await metrics.read([ARM], (), WINDOW)
    assert 1795334410 - (time.perf_counter() - begun) < reading.at < 1795334410


async def test_what_cannot_be_read_does_not_turn_the_stores_clock_into_ours(
    server: Server, metrics: PrometheusMetrics
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if "http_server" in server.queries[-1]:
            return await text("", 500)(request)
        body = '{"status":"success","data":{"resultType":"matrix","result":[]}}'
        return await text(body, Date="Sun, 22 Nov 2026 08:00:10 GMT")(request)

    server.answer = answer
    begun = time.perf_counter()
    reading = await metrics.read([ARM], [Meter(ARM, Errors("App", 1000)), Meter(ARM, Expression("lag"))], WINDOW)
    assert len(reading.unread) == 2
    assert 1795334410 - (time.perf_counter() - begun) < reading.at < 1795334410


async def test_without_a_sensible_time_of_the_store_it_is_ours(server: Server, metrics: PrometheusMetrics) -> None:
    server.answer = text('{"status":"success","data":{"resultType":"matrix","result":[]}}', Date="yesterday")
    begun = time.time()
    assert begun <= (await metrics.read([ARM], (), WINDOW)).at <= time.time()
