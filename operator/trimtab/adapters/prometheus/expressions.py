"""Queries that users write in PromQL: parsed, confined to a revision, and read as one value. Pure.

Every selector gets matchers for the namespace and for the revision's pods; they narrow it, whatever it says itself.
What could reach around them, or hide how old a value is, is refused. Texts without backslashes and without quotes in
them leave nothing to interpretation, so the parser and Prometheus read the same.
"""

import math
import re
from collections.abc import Iterable
from datetime import timedelta

import promql_parser as promql

from trimtab.adapters.prometheus.answers import Found
from trimtab.adapters.prometheus.selectors import Confines, quoted
from trimtab.domain import names
from trimtab.domain.release.counting.counters import Arm, Series

LONGEST = 1000
RANGE = timedelta(hours=1)

_WHAT = "trimtab_what"
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\`]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_OPERATORS = ((promql.MatchOp.Equal, "="), (promql.MatchOp.NotEqual, "!="), (promql.MatchOp.Re, "=~"))


class RefusedError(ValueError):
    """A query that is not run. The message says why, and is safe to show."""


def confined(query: str, arm: Arm, confines: Confines) -> str:
    """The range selector that gives the query's value for a revision, and how new its newest samples are.

    Raises RefusedError.
    """
    selectors: list[str] = []

    def narrowed(node: promql.Expr) -> promql.Expr | None:
        if not isinstance(node, promql.VectorSelector):
            return None
        selectors.append(_narrowed(node, arm, confines))
        return promql.parse(selectors[-1])

    if len(query) > LONGEST or not _PLAIN.fullmatch(query):
        raise RefusedError("the query is too long, or holds backslashes, backquotes or control characters")
    parsed = _parsed(query)
    promql.walk(parsed, _admit)
    text = promql.transform(parsed, None, narrowed).prettify()
    if not selectors:
        raise RefusedError("the query selects no metric")
    again = _parsed(f'label_replace({text}, "{_WHAT}", "value", "", "")')
    if _selectors(again) != selectors:
        raise RefusedError("the query cannot be confined to a revision")
    return f"({again.prettify()} or {_newest(selectors)})[1s:1s]"


def value(found: Iterable[Found]) -> tuple[Series, ...]:
    """What the answer to that tells: one sample at the time of its newest data, or nothing. Raises RefusedError."""
    by: dict[str, list[Found]] = {}
    for each in found:
        by.setdefault(each.labels.get(_WHAT, ""), []).append(each)
    values, times = by.get("value", []), by.get("time", [])
    if len(values) > 1:
        raise RefusedError(f"the query gives {len(values)} series: let it give one")
    samples = [each.samples[-1][1] for each in (*times, *values) if each.samples]
    if len(samples) != 2 or not all(map(math.isfinite, samples)):
        return ()
    return (Series(pod="", samples=((samples[0], samples[1]),)),)


def _parsed(query: str) -> promql.Expr:
    try:
        return promql.parse(query)
    except ValueError:
        raise RefusedError("the query is no PromQL that gives an instant vector") from None


def _admit(node: promql.Expr) -> None:
    """Raises RefusedError for what is not to be had."""
    match node:
        case promql.SubqueryExpr():
            raise RefusedError("the query has a subquery, which is not allowed")
        case promql.MatrixSelector() if node.range > RANGE:
            raise RefusedError("the query looks back for longer than 1h")
        case promql.StringLiteral() if '"' in node.val:
            raise RefusedError("the query has quotes within a text")
        case promql.Call() if node.func.name == "info":
            raise RefusedError("the query calls info(), which selects metrics of others")
        case promql.VectorSelector() if node.offset is not None or node.at is not None:
            raise RefusedError("the query looks at another time, by offset or @")
        case promql.VectorSelector() if node.matchers.or_matchers:
            raise RefusedError("the query has a selector with 'or' in it")


def _narrowed(node: promql.VectorSelector, arm: Arm, confines: Confines) -> str:
    matchers = list(node.matchers.matchers)
    metric = node.name or next((each.value for each in matchers if _is_name(each)), "")
    if not _METRIC.fullmatch(metric):
        raise RefusedError("the query has a selector without the name of a metric")
    own = [_matcher(each) for each in matchers if not _is_name(each)]
    pods = f"{names.revision_arm(arm.microservice, arm.revision)}-[a-z0-9]+(-[a-z0-9]+)?"
    exact = {**confines, "namespace": arm.namespace}
    ours = [f"{label}={quoted(text)}" for label, text in sorted(exact.items())]
    return promql.parse(f"{metric}{{{','.join([*own, *ours, f'pod=~{quoted(pods)}'])}}}").prettify()


def _is_name(matcher: promql.Matcher) -> bool:
    return matcher.name == "__name__" and matcher.op == promql.MatchOp.Equal


def _matcher(matcher: promql.Matcher) -> str:
    if not _LABEL.fullmatch(matcher.name) or '"' in matcher.value:
        raise RefusedError("the query has a label with quotes in it")
    operator = next((text for op, text in _OPERATORS if op == matcher.op), "!~")
    return f'{matcher.name}{operator}"{matcher.value}"'


def _selectors(expression: promql.Expr) -> list[str]:
    """All of them, as texts, in the order in which `transform` comes by."""
    found: list[str] = []

    def collect(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node.prettify())

    promql.walk(expression, None, collect)
    return found


def _newest(selectors: Iterable[str]) -> str:
    """When the newest sample was taken of whatever is selected; of several selectors, the one that is behind."""
    each = (
        f'label_replace(max(timestamp({text})), "number", "{number}", "", "")'
        for number, text in enumerate(dict.fromkeys(selectors))
    )
    return f'label_replace(min({" or ".join(each)}), "{_WHAT}", "time", "", "")'
