"""Queries of users: each selector is confined, and what could reach around that is refused."""

import re

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.prometheus.answers import Found
from trimtab.adapters.prometheus.expressions import RefusedError, confined, value
from trimtab.domain.release.counting.counters import Arm

ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")
OURS = ('namespace="shop"', 'pod=~"orders-aaaaaaaaaa-[a-z0-9]+(-[a-z0-9]+)?"')

QUERIES = [
    "lag",
    'lag{queue="a"}',
    '{__name__="lag",queue!="a",topic=~"b.*",host!~"c|d"}',
    'sum(rate(failures_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))',
    "histogram_quantile(0.99, sum by (le) (rate(seconds_bucket[2m])))",
    "sum(failures_total) / on () group_left () sum(requests_total) or vector(0)",
    'label_replace(max(lag), "namespace", "other", "namespace", "(.*)")',
    "absent(lag)",
    "-lag > bool 3 # what is bad",
    "count(lag unless other)",
    'lag{namespace="other",pod="another"}',
]

REFUSED = [
    ("", "no PromQL"),
    ("lag)", "no PromQL"),
    ("lag) or secret or (lag", "no PromQL"),
    ("scalar(lag)", "instant vector"),
    ("rate(lag[5m])[5m:1m]", "subquery"),
    ("max_over_time(rate(lag[1m])[5m:])", "subquery"),
    ("vector(1)", "no metric"),
    ("1", "no metric"),
    ("time()", "no metric"),
    ("lag offset 5m", "another time"),
    ("rate(lag[5m] offset -1m)", "another time"),
    ("lag @ 1700000000", "another time"),
    ("lag @ end()", "another time"),
    ("rate(lag[2h])", "longer than 1h"),
    ("info(lag)", "info()"),
    ('{queue="a"}', "name of a metric"),
    ('{__name__=~".+"}', "name of a metric"),
    ('{"with blank"}', "name of a metric"),
    ('lag{queue="a" or namespace="other"}', "'or'"),
    ("lag{queue='a\"} or secret{x=\"'}", "quotes"),
    ('lag{"a b"="c"}', "quotes"),
    ('label_replace(lag, "a", \'x"y\', "", "")', "quotes"),
    ('lag{queue="a\\"b"}', "backslashes"),
    ("lag{queue=`a`}", "backslashes"),
    ("lag\n", "control characters"),
    ("lag + " * 200 + "lag", "too long"),
]


def selectors(query: str) -> list[str]:
    """By a look at the text alone, beside what the parser says."""
    found: list[str] = []

    def collect(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node.prettify())

    promql_parser.walk(promql_parser.parse(query), collect)
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_every_selector_is_confined_to_the_pods_of_the_revision(query: str) -> None:
    text = confined(query, ARM, {"cluster": "eu"})
    assert all(label in each for each in selectors(text) for label in (*OURS, 'cluster="eu"'))
    assert text.count(OURS[1]) == len(selectors(text)) >= 2 * len(set(selectors(query)))
    assert text.endswith("[1s:1s]")


@pytest.mark.parametrize(("query", "why"), REFUSED)
def test_what_could_reach_around_that_is_refused(query: str, why: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(why)):
        confined(query, ARM, {})


@given(st.text("lag{}[]()\"'=~!,x1 :@+-/offsetrmu#", max_size=60))
def test_no_text_gets_a_selector_past_it(query: str) -> None:
    try:
        text = confined(query, ARM, {})
    except RefusedError:
        return
    assert all(label in each for each in selectors(text) for label in OURS)


def found(what: str, number: float, **labels: str) -> Found:
    return Found(labels={"trimtab_what": what, **labels}, samples=((1000.0, number),))


def test_the_value_has_the_time_of_its_newest_data() -> None:
    (series,) = value([found("value", 0.25), found("time", 990.5)])
    assert series.samples == ((990.5, 0.25),)


@pytest.mark.parametrize(
    "answer",
    [[], [found("time", 990)], [found("value", 1)], [found("value", float("nan")), found("time", 990)]],
    ids=["empty", "no value", "no data", "no number"],
)
def test_nothing_is_no_data(answer: list[Found]) -> None:
    assert value(answer) == ()


def test_several_series_are_refused() -> None:
    with pytest.raises(RefusedError, match="2 series"):
        value([found("value", 1, pod="a"), found("value", 2, pod="b"), found("time", 990)])
