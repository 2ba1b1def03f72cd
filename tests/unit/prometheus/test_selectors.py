"""The text of queries, and how many there are."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.prometheus.identities import IDENTITIES
from trimtab.adapters.prometheus.questions import MAX_COST, MAX_QUESTIONS, packed, questions
from trimtab.adapters.prometheus.selectors import quoted, selector
from trimtab.adapters.prometheus.sources import Part, exactly, parts
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Attempts, Errors, Level, Measure, Meter, Selector, Slow

ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")


def text(*measures: Measure, identity: str = "Proxy", **confines: str) -> str:
    wanted = [part for measure in measures for part in parts(measure)]
    return selector(IDENTITIES[identity], [ARM], wanted, 30.0, confines)


def test_errors_and_latency_are_one_selector_with_only_the_buckets_needed() -> None:
    query = text(Errors("Proxy", 1000), Slow("Proxy", 250))
    assert query == (
        '{__name__=~"envoy_http_bad_grpc|envoy_http_canceled_time_bucket|envoy_http_downstream_rq_time_bucket|'
        'envoy_http_downstream_rq_total|envoy_http_downstream_rq_tx_reset|envoy_http_downstream_rq_xx",'
        'namespace=~"shop",trimtab_namespace=~"shop",trimtab_microservice=~"orders",trimtab_revision=~"aaaaaaaaaa",'
        'envoy_http_conn_manager_prefix=~"routed",envoy_response_code_class=~"5|",'
        'le=~"250([.]0)?|1000([.]0)?|[+]Inf|"}[30000ms]'
    )


def test_a_label_that_only_some_parts_need_narrows_nothing() -> None:
    assert "response_code" not in text(Errors("Istio", 1000), identity="Istio")
    assert "method" not in text(
        Attempts(Selector("a_total"), Selector("b_total", (("method", "card"),))), identity="Pods"
    )
    assert 'method=~"card"' in text(Level(Selector("lag", (("method", "card"),))), identity="Pods")


def test_what_all_series_of_the_cluster_carry_is_asked_for() -> None:
    assert text(Errors("Proxy", 1000), cluster='prod"eu').endswith('cluster="prod\\"eu"}[30000ms]')


@pytest.mark.parametrize(
    ("bound", "written", "other"),
    [(250, ["250", "250.0"], "2500"), (0.25, ["0.25"], "0125"), (1, ["1", "1.0"], "10"), (math.inf, ["+Inf"], "Inf")],
)
def test_a_bucket_is_found_however_it_is_written(bound: float, written: list[str], other: str) -> None:
    query = selector(IDENTITIES["Pods"], [ARM], [Part(metric="x", le=bound)], 1, {})
    (expression,) = re.findall(r'le=~"([^"]*)"', query)
    assert all(re.fullmatch(expression, each) for each in written)
    assert not re.fullmatch(expression, other)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=50))
def test_a_label_of_the_users_matches_itself_alone_and_never_leaves_its_quotes(value: str) -> None:
    query = text(Level(Selector("lag", (("name", value),))), identity="Pods")
    (literal,) = re.findall(r'name=~("(?:[^"\\]|\\.)*")[,}]', query)
    expression = literal[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert literal == quoted(expression)
    assert expression == exactly(value)
    assert re.fullmatch(expression, value)


def meters(services: int, *measures: Measure) -> list[Meter]:
    return [
        Meter(Arm("shop", f"service-{number:03}", revision, "routed"), measure)
        for number in range(services)
        for revision in ("aaaaaaaaaa", "bbbbbbbbbb")
        for measure in measures
    ]


def test_a_question_keeps_the_arms_of_a_service_together() -> None:
    asked = questions([ARM, ARM._replace(revision="bbbbbbbbbb")], meters(2, Errors("Proxy", 1000), Slow("App", 250)))
    assert [len(question.arms) for question in asked] == [2] * 5
    assert asked == questions(
        [ARM._replace(revision="bbbbbbbbbb"), ARM], meters(2, Slow("App", 250), Errors("Proxy", 1000))[::-1]
    )


def test_queries_are_as_many_as_answers_are_long() -> None:
    asked = questions([], meters(200, Errors("Proxy", 1000), Slow("Proxy", 250)))
    assert len(packed(asked, {question.key: 1000.0 for question in asked})) == 1
    assert len(packed(asked, {question.key: MAX_COST / 128 for question in asked})) == 4
    assert len(packed(asked, {question.key: 2.0 * MAX_COST for question in asked})) == 400


def test_a_query_has_one_identity_and_a_bounded_text() -> None:
    asked = questions([], meters(500, Errors("Proxy", 1000), Errors("App", 1000)))
    queries = packed(asked, dict.fromkeys((question.key for question in asked), 1.0))
    assert all(len({question.identity for question in query}) == 1 for query in queries)
    assert max(len(query) for query in queries) == MAX_QUESTIONS
    assert [question for query in queries for question in query] == asked
