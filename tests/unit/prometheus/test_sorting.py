"""An answer, sorted out by what was asked, for each source."""

from typing import Any

import pytest

from trimtab.adapters.prometheus.answers import Found
from trimtab.adapters.prometheus.questions import questions
from trimtab.adapters.prometheus.sorting import Sorted, missing_bucket, sorted_out
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Attempts, Connections, Errors, Level, Measure, Meter, Selector, Slow

CANDIDATE = Arm("shop", "orders", "bbbbbbbbbb", "routed")
STABLE = Arm("shop", "orders", "aaaaaaaaaa", "routed")
POD = {"namespace": "shop", "pod": "orders-bbbbbbbbbb-7d9f8b6c5-x2x4z"}
PROXY = {
    **POD,
    "trimtab_namespace": "shop",
    "trimtab_microservice": "orders",
    "trimtab_revision": "bbbbbbbbbb",
    "envoy_http_conn_manager_prefix": "routed",
}
GATEWAY = {"namespace": "infra", "pod": "envoy-1"}
CONTOUR = {**GATEWAY, "envoy_cluster_name": "shop_orders-bbbbbbbbbb_8080"}
MERGED = {**GATEWAY, "envoy_cluster_name": "service/shop/orders-bbbbbbbbbb/8080"}
ISTIO = {
    **GATEWAY,
    "reporter": "source",
    "destination_service_namespace": "shop",
    "destination_service_name": "orders-bbbbbbbbbb",
    "response_flags": "-",
}
NGINX = {**GATEWAY, "exported_namespace": "shop", "exported_service": "orders-bbbbbbbbbb", "ingress": "orders"}
CHECKOUT = Attempts(total=Selector("attempts_total"), bad=Selector("failures_total", (("method", 'c"a.d'),)))


def found(name: str, labels: dict[str, str], *values: float, **more: str) -> Found:
    samples = tuple((10.0 * number, value) for number, value in enumerate(values))
    return Found(labels={"__name__": name, **labels, **more}, samples=samples)


def told(measure: Measure, *answer: Found) -> Sorted:
    asked = questions((), [Meter(CANDIDATE, measure), Meter(STABLE, measure)])
    return sorted_out(answer, asked)


HTTP = "envoy_http_downstream_rq"
GIVEN_UP = "envoy_http_canceled_time_bucket"
APP = "http_server_request_duration_seconds"
CLUSTER = "envoy_cluster_upstream_rq"
MESH, MESH_TIME = "istio_requests_total", "istio_request_duration_milliseconds_bucket"
INGRESS, INGRESS_TIME = "nginx_ingress_controller_requests", "nginx_ingress_controller_request_duration_seconds_bucket"

EXAMPLES: list[tuple[Measure, list[Found], tuple[float, float]]] = [
    (
        Errors("Proxy", 1000),
        [
            found(f"{HTTP}_total", PROXY, 100),
            found(f"{HTTP}_xx", PROXY, 5, envoy_response_code_class="5"),
            found(f"{HTTP}_xx", PROXY, 70, envoy_response_code_class="2"),
            found(f"{HTTP}_tx_reset", PROXY, 3),
            found("envoy_http_bad_grpc", PROXY, 2),
            found(GIVEN_UP, PROXY, 7, le="+Inf"),
            found(GIVEN_UP, PROXY, 6, le="1000"),
            found(GIVEN_UP, PROXY, 1, le="500"),
        ],
        (100, 5 + 3 + 2 + 1),
    ),
    (
        Slow("Proxy", 250),
        [found(f"{HTTP}_time_bucket", PROXY, 100, le="+Inf"), found(f"{HTTP}_time_bucket", PROXY, 93, le="250.0")],
        (100, 7),
    ),
    (Connections(), [found("envoy_http_downstream_cx_total", PROXY, 12)], (12, 0)),
    (
        Errors("App", 1000),
        [
            found(f"{APP}_count", POD, 50, http_response_status_code="200", http_route="/a"),
            found(f"{APP}_count", POD, 3, http_response_status_code="503", http_route="/a"),
            found(f"{APP}_count", POD, 4, http_response_status_code="500", http_route="/b"),
        ],
        (57, 7),
    ),
    (
        Slow("App", 250),
        [
            found(f"{APP}_bucket", POD, 50, le="+Inf", http_route="/a"),
            found(f"{APP}_bucket", POD, 40, le="0.25", http_route="/a"),
            found(f"{APP}_bucket", POD, 10, le="+Inf", http_route="/b"),
            found(f"{APP}_bucket", POD, 10, le="0.25", http_route="/b"),
        ],
        (60, 10),
    ),
    (
        Errors("Contour", 1000),
        [
            found(f"{CLUSTER}_total", CONTOUR, 60),
            found(f"{CLUSTER}_xx", CONTOUR, 4, envoy_response_code_class="5"),
            found(f"{CLUSTER}_xx", CONTOUR, 9, envoy_response_code_class="4"),
        ],
        (60, 4),
    ),
    (
        Slow("EnvoyGateway", 500),
        [found(f"{CLUSTER}_time_bucket", MERGED, 60, le="+Inf"), found(f"{CLUSTER}_time_bucket", MERGED, 50, le="500")],
        (60, 10),
    ),
    (
        Errors("Istio", 750),
        [
            found(MESH, ISTIO, 90, response_code="200"),
            found(MESH, ISTIO, 2, response_code="200", grpc_response_status="14"),
            found(MESH, ISTIO, 1, response_code="200", grpc_response_status="5"),
            found(MESH, ISTIO, 4, response_code="503", response_flags="UF"),
            found(MESH, ISTIO, 6, response_code="0", response_flags="DC"),
            found(MESH_TIME, ISTIO, 6, response_code="0", response_flags="DC", le="+Inf"),
            found(MESH_TIME, ISTIO, 5, response_code="0", response_flags="DC", le="1000"),
            found(MESH_TIME, ISTIO, 90, response_code="200", le="+Inf"),
        ],
        (103, 2 + 4 + 1),
    ),
    (
        Errors("NGINX", 1000),
        [
            found(INGRESS, NGINX, 90, status="200"),
            found(INGRESS, NGINX, 4, status="502"),
            found(INGRESS, NGINX, 5, status="499"),
            found(INGRESS_TIME, NGINX, 5, status="499", le="+Inf"),
            found(INGRESS_TIME, NGINX, 2, status="499", le="1"),
        ],
        (99, 4 + 3),
    ),
    (
        CHECKOUT,
        [
            found("attempts_total", POD, 30, method="cash"),
            found("attempts_total", POD, 10, method='c"a.d'),
            found("failures_total", POD, 3, method='c"a.d'),
            found("failures_total", POD, 9, method='c"axd'),
        ],
        (40, 3),
    ),
]


@pytest.mark.parametrize(("measure", "answer", "counts"), EXAMPLES, ids=lambda each: repr(each)[:24])
def test_each_source_counts_every_request_once(
    measure: Measure, answer: list[Found], counts: tuple[float, float]
) -> None:
    (counted,) = told(measure, *answer).tallies[Meter(CANDIDATE, measure)]
    assert (counted.counts[0].total, counted.counts[0].bad) == counts
    assert Meter(STABLE, measure) not in told(measure, *answer).tallies


def test_each_pod_is_a_tally_and_one_that_is_scraped_twice_counts_once() -> None:
    other = {**PROXY, "pod": "orders-bbbbbbbbbb-7d9f8b6c5-aaaaa"}
    answer = [
        found(f"{HTTP}_total", PROXY, 1, job="b"),
        found(f"{HTTP}_total", PROXY, 2, job="a"),
        found(f"{HTTP}_total", other, 4, job="a"),
    ]
    for order in (answer, answer[::-1]):
        tallies = told(Errors("Proxy", 1000), *order).tallies[Meter(CANDIDATE, Errors("Proxy", 1000))]
        assert [(each.instance[-5:], each.counts[0].total) for each in tallies] == [("aaaaa", 4), ("x2x4z", 2)]


def test_of_several_containers_the_apps_counts() -> None:
    answer = [
        found(f"{APP}_count", POD, 1, instance="10.0.0.1:8000", container="aide"),
        found(f"{APP}_count", POD, 2, instance="10.0.0.1:8080", container="app"),
    ]
    for order in (answer, answer[::-1]):
        (tally,) = told(Errors("App", 1000), *order).tallies[Meter(CANDIDATE, Errors("App", 1000))]
        assert tally.counts[0].total == 2


def test_dimensions_that_are_named_like_labels_of_targets_are_all_counted() -> None:
    names = ("endpoint", "container", "cluster", "replica", "service")
    answer = [found("attempts_total", POD, 1, instance="10.0.0.1:8080", **{name: "x"}) for name in names]
    (tally,) = told(CHECKOUT, *answer).tallies[Meter(CANDIDATE, CHECKOUT)]
    assert tally.counts[0].total == len(names)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_what_no_counter_can_be_makes_the_meter_unread(value: float) -> None:
    measure = Errors("Proxy", 1000)
    made = told(measure, found(f"{HTTP}_total", PROXY, 1, value))
    assert "finite" in made.unread[Meter(CANDIDATE, measure)]
    assert not made.tallies


def level(*answer: Found, **labels: str) -> Sorted:
    return told(Level(Selector("lag", tuple(sorted(labels.items())))), *answer)


def test_a_gauge_is_a_series_for_each_pod_without_what_is_no_number() -> None:
    made = level(found("lag", POD, 1, float("nan"), -3, float("inf")))
    (series,) = made.levels[Meter(CANDIDATE, Level(Selector("lag")))]
    assert (series.pod, series.samples) == (POD["pod"], ((0, 1), (20, -3)))


def test_a_gauge_of_several_series_is_refused_with_what_tells_them_apart() -> None:
    """Class 3: neither the first nor the last is taken."""
    answer = [found("lag", POD, 1, queue="a"), found("lag", POD, 2, queue="b")]
    message = level(*answer).unread[Meter(CANDIDATE, Level(Selector("lag")))]
    assert "2 series" in message
    assert "queue" in message
    assert level(*answer, queue="b").levels[Meter(CANDIDATE, Level(Selector("lag", (("queue", "b"),))))]


@pytest.mark.parametrize(
    ("source", "labels", "metric", "bounds", "message"),
    [
        ("App", POD, f"{APP}_bucket", ["0.1", "0.25", "0.5"], "no bucket of 300ms; the nearest are 250ms and 500ms"),
        ("App", POD, f"{APP}_bucket", ["0.1"], "no bucket of 300ms; the nearest are 100ms"),
        ("Istio", ISTIO, MESH_TIME, ["250", "500"], "no bucket of 300ms; the nearest are 250ms and 500ms"),
        ("Contour", CONTOUR, f"{CLUSTER}_time_bucket", [], "no bucket of 300ms; the nearest are not known"),
    ],
)
def test_a_bound_that_the_histogram_lacks_is_refused_with_the_nearest(
    source: Any, labels: dict[str, str], metric: str, bounds: list[str], message: str
) -> None:
    measure = Slow(source, 300)
    made = told(measure, found(metric, labels, 5, le="+Inf"))
    assert not made.tallies
    (question,) = made.unbounded
    answer = [found(metric, labels, 5, le=bound) for bound in (*bounds, "+Inf")]
    assert message in missing_bucket(question, answer)


def test_without_any_series_there_is_no_data_and_no_failure() -> None:
    made = told(Slow("App", 300))
    assert (made.tallies, made.unread, made.unbounded) == ({}, {}, {})
