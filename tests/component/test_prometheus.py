"""The Prometheus adapter against a server that misbehaves in every way it can (faults P1 to P14)."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from trimtab.adapters.prometheus import client as adapter
from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.counters import SHARD, PrometheusMetrics, selector
from trimtab.domain.release.counters import Arm, Reading

ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")
OTHER = Arm("shop", "orders", "bbbbbbbbbb", "routed")
TIMEOUT = 0.5
WINDOW = 30.0

QUERY = (
    'envoy_http_downstream_rq_total{namespace=~"shop",trimtab_namespace=~"shop",trimtab_microservice=~"orders",'
    'trimtab_revision=~"aaaaaaaaaa|bbbbbbbbbb",envoy_http_conn_manager_prefix=~"routed"}[30000ms]'
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def series(arm: Arm = ARM, *values: Any, pod: str = "one", **labels: str) -> dict[str, Any]:
    metric = {
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


@pytest_asyncio.fixture
async def metrics(server: Server) -> AsyncIterator[PrometheusMetrics]:
    client = PrometheusClient(f"http://127.0.0.1:{server.port}/base/", timeout=TIMEOUT)
    yield PrometheusMetrics(client)
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


@pytest.mark.parametrize("value", ['a"} or vector(1)', "a|b", ".*", "", "a\\", "A"])
def test_nothing_but_names_gets_into_a_query(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be the value"):
        selector([Arm("shop", value, "aaaaaaaaaa", "routed")], "30s")


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
        (text(b"\x1f\x8b broken", **{"Content-Encoding": "gzip"}), "reached"),
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
    client = PrometheusClient("http://127.0.0.1:1", timeout=TIMEOUT)
    assert only_failed(await PrometheusMetrics(client).read([ARM], (), WINDOW)) == "Prometheus cannot be reached"
    await client.close()


@pytest.mark.parametrize("begin", [b"", b'{"status":'], ids=["silent", "dripping"])
async def test_a_server_that_never_ends(server: Server, metrics: PrometheusMetrics, begin: bytes) -> None:
    """P2, P10."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begin:
            await response.prepare(request)
            await response.write(begin)
        await asyncio.Event().wait()  # for ever, until the connection is given up
        return response

    server.answer = drip
    started = asyncio.get_running_loop().time()
    assert "did not answer within 0.5 s" in only_failed(await metrics.read([ARM], (), WINDOW))
    assert asyncio.get_running_loop().time() - started < 10 * TIMEOUT


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


async def test_one_service_with_too_many_series_harms_no_other(
    server: Server, metrics: PrometheusMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P10: also when the length becomes known only while reading, and when it is small only as long as compressed."""
    monkeypatch.setattr(adapter, "MAX_BYTES", 4096)

    async def answer(request: web.Request) -> web.StreamResponse:
        wanted = [series(arm) for arm in (ARM, OTHER) if arm.revision in server.queries[-1]]
        body = {"status": "success", "data": {"resultType": "matrix", "result": wanted}}
        if ARM.revision in server.queries[-1]:
            body["padding"] = "x" * 10_000
        response = web.json_response(body)
        response.enable_compression(web.ContentCoding.gzip)
        response.enable_chunked_encoding()
        return response

    server.answer = answer
    reading = await metrics.read([ARM, OTHER], (), WINDOW)
    assert "more than" in reading.failed[ARM]
    assert set(reading.series) == {OTHER}
    assert len(server.queries) == 3


async def test_many_arms_are_few_queries_of_bounded_length(server: Server, metrics: PrometheusMetrics) -> None:
    arms = [Arm("shop", f"service-{number}", f"{number:010d}", "routed") for number in range(5 * SHARD)]
    server.answer = success(*(series(arm) for arm in arms))
    reading = await metrics.read(arms, (), WINDOW)
    assert set(reading.series) == set(arms)
    assert len(server.queries) == 5
    assert max(len(query) for query in server.queries) < 64 * 1024
