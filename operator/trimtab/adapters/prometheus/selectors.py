"""The text of queries: range selectors. Pure.

A selector may select more than was asked for, never less; what comes back is sorted out by its labels.
"""

import math
from collections.abc import Collection, Iterable, Mapping

from trimtab.adapters.prometheus.identities import Identity, matchers
from trimtab.adapters.prometheus.sources import Part
from trimtab.domain.release.counting.counters import Arm

Confines = Mapping[str, str]
"""Labels, and their exact values, that all series of this cluster carry in a store that others share."""


def selector(identity: Identity, arms: Iterable[Arm], parts: Iterable[Part], window: float, confines: Confines) -> str:
    """Selects `window` seconds of at least these parts of these arms. Raises ValueError for names that are none."""
    parts = list(parts)
    found = {"__name__": sorted({part.metric for part in parts}), **matchers(identity, arms), **_labels(parts)}
    exact = [f"{label}={quoted(value)}" for label, value in sorted(confines.items())]
    text = ",".join([*(f"{label}=~{quoted(_any(of))}" for label, of in found.items()), *exact])
    return f"{{{text}}}[{math.ceil(window * 1000)}ms]"


def quoted(text: str) -> str:
    """A string of PromQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _any(expressions: Collection[str]) -> str:
    return "|".join(expressions)


def _labels(parts: Collection[Part]) -> dict[str, list[str]]:
    """Labels beyond the identity, as far as no part is lost by them."""
    found: dict[str, list[str]] = {}
    for label in sorted({label for part in parts for label, _ in part.where}):
        expressions = {dict(part.where).get(label) for part in parts}
        named = sorted(expression for expression in expressions if expression is not None)
        if None not in expressions:
            found[label] = named
        elif label == "envoy_response_code_class":  # which only the metrics that are told apart by it have
            found[label] = [*named, ""]
    bounds = sorted({part.le for part in parts if part.le is not None})
    if bounds:
        found["le"] = [_bound(bound) for bound in bounds] + [""] * any(part.le is None for part in parts)
    return found


def _bound(le: float) -> str:
    """The expression for a bucket: Prometheus 3 writes 250.0 where older ones write 250."""
    if math.isinf(le):
        return "[+]Inf"
    text = f"{le:g}"
    return f"{text}([.]0)?" if text.isdigit() else text.replace(".", "[.]").replace("+", "[+]")
