"""What the operator counts by, read from a real Prometheus: every source, and everything that counters do."""

import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio
from tests.support.kube import poll
from tests.support.prometheus import Targets, scraping

from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Attempts, Errors, Expression, Level, Measure, Meter, Selector, Slow

WINDOW = 30.0
SHORT = 3.0
"""Seconds: the window of what is to leave it."""
ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")
POD = ("shop", "orders-aaaaaaaaaa-7d9f8b6c5-x2x4z")
OTHER = ("shop", "orders-bbbbbbbbbb-7d9f8b6c5-x2x4z")
ROUTER = ("infra", "envoy-1")

PROXY = (
    'trimtab_namespace="shop",trimtab_microservice="orders",trimtab_revision="aaaaaaaaaa",'
    'envoy_http_conn_manager_prefix="routed"'
)
CONTOUR = 'envoy_cluster_name="shop_orders-aaaaaaaaaa_8080"'
MERGED = 'envoy_cluster_name="service/shop/orders-aaaaaaaaaa/8080"'
ISTIO = 'reporter="source",destination_service_namespace="shop",destination_service_name="orders-aaaaaaaaaa"'
NGINX = 'namespace="shop",ingress="orders",service="orders-aaaaaaaaaa"'

OWN_PAGE = f"""
envoy_http_downstream_rq_total{{{PROXY}}} 100
envoy_http_downstream_rq_xx{{{PROXY},envoy_response_code_class="5"}} 5
envoy_http_downstream_rq_xx{{{PROXY},envoy_response_code_class="2"}} 90
envoy_http_downstream_rq_tx_reset{{{PROXY}}} 2
envoy_http_canceled_time_bucket{{{PROXY},le="1000"}} 1
envoy_http_canceled_time_bucket{{{PROXY},le="+Inf"}} 4
# TYPE envoy_http_downstream_rq_time histogram
envoy_http_downstream_rq_time_bucket{{{PROXY},le="250"}} 93
envoy_http_downstream_rq_time_bucket{{{PROXY},le="+Inf"}} 100
envoy_http_downstream_rq_time_sum{{{PROXY}}} 1
envoy_http_downstream_rq_time_count{{{PROXY}}} 100
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{{http_response_status_code="200",le="0.25"}} 40
http_server_request_duration_seconds_bucket{{http_response_status_code="200",le="1"}} 45
http_server_request_duration_seconds_bucket{{http_response_status_code="200",le="+Inf"}} 50
http_server_request_duration_seconds_sum{{http_response_status_code="200"}} 1
http_server_request_duration_seconds_count{{http_response_status_code="200"}} 50
http_server_request_duration_seconds_bucket{{http_response_status_code="503",le="0.25"}} 3
http_server_request_duration_seconds_bucket{{http_response_status_code="503",le="1"}} 3
http_server_request_duration_seconds_bucket{{http_response_status_code="503",le="+Inf"}} 3
http_server_request_duration_seconds_sum{{http_response_status_code="503"}} 1
http_server_request_duration_seconds_count{{http_response_status_code="503"}} 3
checkout_attempts_total{{method="card"}} 30
checkout_attempts_total{{method="c.rd"}} 7
checkout_failures_total{{method="card"}} 3
orders_lag_seconds 1.5
orders_age_seconds{{queue="a"}} 1
orders_age_seconds{{queue="b"}} 2
"""
ROUTER_PAGE = f"""
envoy_cluster_upstream_rq_total{{{CONTOUR}}} 60
envoy_cluster_upstream_rq_xx{{{CONTOUR},envoy_response_code_class="5"}} 4
envoy_cluster_upstream_rq_total{{{MERGED}}} 80
envoy_cluster_upstream_rq_xx{{{MERGED},envoy_response_code_class="5"}} 8
istio_requests_total{{{ISTIO},response_code="200",response_flags="-"}} 90
istio_requests_total{{{ISTIO},response_code="503",response_flags="UF"}} 4
istio_requests_total{{{ISTIO},response_code="0",response_flags="DC"}} 6
istio_request_duration_milliseconds_bucket{{{ISTIO},response_code="0",response_flags="DC",le="1000"}} 5
istio_request_duration_milliseconds_bucket{{{ISTIO},response_code="0",response_flags="DC",le="+Inf"}} 6
nginx_ingress_controller_requests{{{NGINX},status="200"}} 70
nginx_ingress_controller_requests{{{NGINX},status="502"}} 7
"""

CARD = (("method", "card"),)
COUNTED: list[tuple[Measure, tuple[float, float]]] = [
    (Errors("Proxy", 1000), (100, 5 + 2 + 3)),
    (Slow("Proxy", 250), (100, 7)),
    (Errors("App", 1000), (53, 3)),
    (Slow("App", 250), (53, 10)),
    (Slow("App", 1000), (53, 5)),
    (Errors("Contour", 1000), (60, 4)),
    (Errors("EnvoyGateway", 1000), (80, 8)),
    (Errors("Istio", 1000), (100, 5)),
    (Errors("NGINX", 1000), (77, 7)),
    (Attempts(Selector("checkout_attempts_total"), Selector("checkout_failures_total")), (37, 3)),
    (Attempts(Selector("checkout_attempts_total", CARD), Selector("checkout_failures_total", CARD)), (30, 3)),
    (
        Attempts(Selector("checkout_attempts_total", (("method", "c.rd"),)), Selector("checkout_failures_total", CARD)),
        (7, 3),
    ),
]


@pytest_asyncio.fixture(scope="module")
async def targets(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Targets]:
    made = Targets([POD, OTHER, ROUTER])
    async with scraping(tmp_path_factory.mktemp("prometheus"), made):
        yield made


@pytest_asyncio.fixture
async def pages(targets: Targets) -> Targets:
    await targets.forget()
    return targets


@pytest_asyncio.fixture
async def metrics(targets: Targets) -> AsyncIterator[PrometheusMetrics]:
    client = PrometheusClient(targets.url)
    yield PrometheusMetrics(client)
    await client.close()


async def read(metrics: PrometheusMetrics, *measures: Measure, window: float = WINDOW) -> Reading:
    return await metrics.read([], [Meter(ARM, measure) for measure in measures], window)


async def counts(metrics: PrometheusMetrics, measure: Measure) -> list[tuple[float, float]]:
    begun = time.monotonic()
    reading = await read(metrics, measure)
    latest = reading.at + 1.5 + time.monotonic() - begun  # the store tells whole seconds, of when the request came
    assert not reading.unread
    (tally,) = reading.tallies[Meter(ARM, measure)]
    assert all(earlier.at < later.at <= latest for earlier, later in pairwise(tally.counts))
    return [(count.total, count.bad) for count in tally.counts]


async def test_every_source_is_counted_in_few_queries(metrics: PrometheusMetrics, pages: Targets) -> None:
    pages.pages = {POD: OWN_PAGE, OTHER: OWN_PAGE.replace("aaaaaaaaaa", "cccccccccc"), ROUTER: ROUTER_PAGE}
    await pages.scrapes(2)
    reading = await read(metrics, *(measure for measure, _ in COUNTED))
    assert not reading.unread
    found = {
        meter.measure: [(count.total, count.bad) for tally in tallies for count in tally.counts[-1:]]
        for meter, tallies in reading.tallies.items()
    }
    assert found == {measure: [wanted] for measure, wanted in COUNTED}
    routers = {tally.instance for tally in reading.tallies[Meter(ARM, Errors("Contour", 1000))]}
    assert routers == {"infra/envoy-1"}


async def test_gauges(metrics: PrometheusMetrics, pages: Targets) -> None:
    lag, age, one = Level(Selector("orders_lag_seconds")), Level(Selector("orders_age_seconds")), (("queue", "b"),)
    pages.pages = {POD: OWN_PAGE}
    await pages.scrapes(2)
    reading = await read(metrics, lag, age, Level(Selector("orders_age_seconds", one)))
    values = {meter.measure: [series.samples[-1][1] for series in found] for meter, found in reading.levels.items()}
    assert values == {lag: [1.5], Level(Selector("orders_age_seconds", one)): [2]}
    assert "queue" in reading.unread[Meter(ARM, age)]
    pages.pages = {POD: "orders_lag_seconds NaN\n"}
    await pages.scrapes(1)
    samples = len((await read(metrics, lag)).levels[Meter(ARM, lag)][0].samples)
    await pages.scrapes(2)
    assert len((await read(metrics, lag)).levels[Meter(ARM, lag)][0].samples) <= samples


async def test_a_bound_that_there_is_not(metrics: PrometheusMetrics, pages: Targets) -> None:
    pages.pages = {POD: OWN_PAGE}
    await pages.scrapes(2)
    reading = await read(metrics, Slow("App", 300))
    assert "no bucket of 300ms; the nearest are 250ms and 1000ms" in reading.unread[Meter(ARM, Slow("App", 300))]


def page(total: int, bad: int | None = None) -> str:
    lines = [f"checkout_attempts_total {total}"]
    return "\n".join(lines if bad is None else [*lines, f"checkout_failures_total {bad}"]) + "\n"


async def test_first_increments_and_restarts(metrics: PrometheusMetrics, pages: Targets) -> None:
    """Classes 1 and 4: a series begins at 3, the process begins anew, a scrape fails."""
    measure = Attempts(Selector("checkout_attempts_total"), Selector("checkout_failures_total"))
    for text in (page(10), page(15, 3), page(18, 3), page(2), page(4, 1)):
        pages.pages = {POD: text}
        await pages.scrapes(1)
        pages.pages = {}
        await pages.scrapes(1)
    seen = await counts(metrics, measure)
    changes = [seen[0]] + [later for earlier, later in pairwise(seen) if earlier != later]
    assert changes == [(10, 0), (15, 3), (18, 3), (2, 0), (4, 1)][-len(changes) :]
    assert len(changes) >= 3


async def test_what_is_gone_gets_no_further_samples(metrics: PrometheusMetrics, pages: Targets) -> None:
    """P8: a range holds no sample of what was not scraped, however lately it was seen."""
    measure = Attempts(Selector("checkout_attempts_total"), Selector("checkout_failures_total"))
    pages.pages = {POD: page(10, 1)}
    await pages.scrapes(3)
    pages.pages = {}
    await pages.scrapes(1)
    samples = await counts(metrics, measure)

    async def gone() -> bool:
        return not (await read(metrics, measure, window=SHORT)).tallies

    await poll(gone, 120, "its last sample leaves the window", every=0.2)
    assert set(samples) == {(10, 1)}


async def test_a_counter_that_is_no_number_is_unread_until_it_has_left_the_window(
    metrics: PrometheusMetrics, pages: Targets
) -> None:
    measure = Attempts(Selector("checkout_attempts_total"), Selector("checkout_failures_total"))
    pages.pages = {POD: page(10).replace("10", "NaN")}
    await pages.scrapes(2)
    assert "finite" in (await read(metrics, measure)).unread[Meter(ARM, measure)]
    pages.pages = {POD: page(10, 1)}

    async def back() -> bool:
        return bool((await read(metrics, measure, window=SHORT)).tallies)

    await poll(back, 120, "it is read again", every=0.2)


async def test_other_clusters_in_the_same_store_are_left_out(pages: Targets) -> None:
    pages.pages = {POD: 'checkout_attempts_total{cluster="eu"} 5\ncheckout_attempts_total{cluster="us"} 70\n'}
    await pages.scrapes(2)
    measure = Attempts(Selector("checkout_attempts_total"), Selector("checkout_failures_total"))
    client = PrometheusClient(pages.url)
    assert (await counts(PrometheusMetrics(client, {"cluster": "eu"}), measure))[-1] == (5, 0)
    assert not (await read(PrometheusMetrics(client, {"cluster": "ap"}), measure)).tallies
    await client.close()


async def test_queries_see_their_revision_alone_and_say_how_old_their_data_is(pages: Targets) -> None:
    """Each is run as it would be, so that what is written and what Prometheus reads cannot differ."""
    pages.pages = {POD: page(40, 10), OTHER: page(1000, 900), ROUTER: page(1000, 900)}
    await pages.scrapes(4)  # more than a second of them: queries are evaluated at a whole second
    wanted = {
        Expression("sum(checkout_failures_total) / sum(checkout_attempts_total)"): 0.25,
        Expression('checkout_attempts_total{namespace=~".+"} - 2'): 38,
        Expression('label_replace(checkout_attempts_total, "pod", "x", "", "")'): 40,
        Expression("absent(checkout_lost_total) + on () sum(checkout_attempts_total)"): 41,
        Expression("count(checkout_attempts_total) or vector(0)"): 1,
        Expression("max(max_over_time(checkout_attempts_total[1m]))"): 40,
    }
    client = PrometheusClient(pages.url)
    allowed = PrometheusMetrics(client, promql=True)

    async def answered() -> bool:
        """Whether all are, by new values of this revision alone; after a scrape that a busy machine missed, none is."""
        begun = time.monotonic()
        reading = await read(allowed, *wanted)
        took = time.monotonic() - begun
        assert not reading.unread
        found = {meter.measure: series[0].samples[0] for meter, series in reading.levels.items()}
        assert all(at <= reading.at + 1.5 + took for at, _ in found.values())
        fresh = all(reading.at - 2 < at for at, _ in found.values())
        return fresh and {measure: value for measure, (_, value) in found.items()} == wanted

    await poll(answered, 120, "each query sees its revision alone")
    pages.pages = {}
    await pages.scrapes(1)
    failing = Expression("checkout_attempts_total offset 1m")
    assert "another time" in (await read(allowed, failing)).unread[Meter(ARM, failing)]
    assert all(
        "TRIMTAB_ALLOW_PROMQL" in why for why in (await read(PrometheusMetrics(client), *wanted)).unread.values()
    )
    await client.close()
