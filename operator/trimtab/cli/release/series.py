"""Series of counts from elsewhere, as JSON lines: docs/guides/verdicts-cli.md describes the form."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from trimtab.domain.release.evidence.terms import Bools, Floats, Ints

NO_DATA = -1
_MOST = 10**12
"""Counts and times above it are mistakes; sums of those below fit into 64 bits."""

_WEIGHT = re.compile(r"(?:100(?:\.0{1,4})?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%")
_FIELDS = ("run", "t", "kpi", "candidate", "stable")
_COLUMNS = (
    "run",
    "t",
    "kpi",
    "step",
    "weight",
    *(f"{arm}_{count}" for arm in "cs" for count in ("total", "bad", "pods")),
)
_SAME = -1.0
"""Stands for a weight that no line gives: then the router did what the step wants."""


class SeriesError(ValueError):
    """A line that cannot be judged; the message names line, field, value and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Ticks of runs, in order: `at[i, r]` is the time of run r's tick i in whole seconds, -1 where it has no such tick.

    `step[i, r]` from 1, 0 where none is given; `weight[i, r]` in percent, negative where none is given.
    `counts[i, r, k]` are candidate total, bad, pods, then stable total, bad, pods, NO_DATA in an arm without data.
    """

    runs: tuple[str, ...]
    kpis: tuple[str, ...]
    at: Ints
    step: Ints
    weight: Floats
    counts: Ints

    @property
    def present(self) -> Bools:
        """Where a run has a tick."""
        return self.at >= 0


_BEFORE = (-1, 0, _SAME)
"""No tick yet."""


@dataclass(slots=True)
class _Reader:
    kpis: Mapping[str, int]
    steps: int
    runs: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    last: dict[str, tuple[tuple[int, int, float], int]] = field(default_factory=dict)
    """By run: t, step and weight of its last line, and a bit for each KPI that had one there."""

    def take(self, line: str) -> None:
        entry = _object(line)
        run, kpi = str(entry["run"]), self._kpi(entry["kpi"])
        number = self.runs.setdefault(run, len(self.runs))
        t = _whole(entry["t"], "t", "whole seconds since the release began")
        step = self._step(entry.get("step"))
        weight = _weight(entry.get("weight"))
        self._in_order(run, kpi, (t, step, weight))
        candidate, stable = _arm(entry, "candidate"), _arm(entry, "stable")
        self.rows.append((number, t, kpi, step, weight, *candidate, *stable))

    def _kpi(self, name: Any) -> int:
        found = self.kpis.get(name) if isinstance(name, str) else None
        if found is None:
            _refuse("kpi", name, f"name one of the spec that counts: {', '.join(self.kpis)}")
        return found

    def _step(self, value: Any) -> int:
        if value is None:
            return 0
        step = _whole(value, "step", "a step, from 1")
        if not 1 <= step <= self.steps:
            _refuse("step", value, f"the spec has the steps 1 to {self.steps}")
        return step

    def _in_order(self, run: str, kpi: int, tick: tuple[int, int, float]) -> None:
        """Lines of a run rise in t; those of one t are one tick, a line for each KPI."""
        before, seen = self.last.get(run, (_BEFORE, 0))
        if tick[0] > before[0]:
            seen = 0
        elif tick[0] < before[0]:
            _refuse("t", tick[0], f"run {run!r} was at {before[0]} already: sort the lines by run and t")
        elif tick != before:
            _refuse("t", tick[0], f"the tick of run {run!r} has another step or weight in a line before: give it one")
        elif seen >> kpi & 1:
            _refuse("kpi", list(self.kpis)[kpi], f"run {run!r} has it at t {tick[0]} already: one line for each KPI")
        if before is not _BEFORE and bool(before[1]) != bool(tick[1]):
            _refuse("step", tick[1] or None, f"run {run!r} has it otherwise in other lines: give it in all or in none")
        self.last[run] = (tick, seen | 1 << kpi)


def read(lines: Iterable[str], kpis: tuple[str, ...], steps: int) -> Series:
    """The series of all runs; empty lines are skipped. Raises SeriesError.

    `kpis` are the names of those KPIs of the spec that count, `steps` is their number of steps.
    """
    reader = _Reader(kpis={name: index for index, name in enumerate(kpis)}, steps=steps)
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            reader.take(line)
        except SeriesError as error:
            raise SeriesError(f"line {number}: {error}") from error
    if not reader.rows:
        raise SeriesError("there are no lines: write one JSON object for each run, tick and KPI")
    return _arranged(np.array(reader.rows, dtype=np.float64), tuple(reader.runs), kpis)


def _arranged(rows: Floats, runs: tuple[str, ...], kpis: tuple[str, ...]) -> Series:
    """The rows as arrays over ticks, runs and KPIs; they are sorted by t within each run already."""
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    run, t, kpi = (rows[:, column].astype(np.int64) for column in range(3))
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (run[1:] != run[:-1]) | (t[1:] != t[:-1])
    ordinal = np.cumsum(first) - 1
    begins = ordinal[np.searchsorted(run, np.arange(len(runs)))]
    tick = ordinal - begins[run]
    shape = (int(tick.max()) + 1, len(runs))
    at, step = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    weight = np.full(shape, _SAME)
    counts = np.full((*shape, len(kpis), 6), NO_DATA, dtype=np.int64)
    at[tick, run], step[tick, run], weight[tick, run] = t, rows[:, 3], rows[:, 4]
    counts[tick, run, kpi] = rows[:, 5:]
    return Series(runs=runs, kpis=kpis, at=at, step=step, weight=weight, counts=counts)


def _object(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise SeriesError(f"{_short(line)} is not JSON ({error}): write one object a line") from error
    if not isinstance(entry, dict):
        raise SeriesError(f"{_short(line)} is no JSON object: write one object a line")
    for name in _FIELDS:
        if name not in entry:
            raise SeriesError(f"{name}: is missing: each line has {', '.join(_FIELDS)}; null is an arm without data")
    if not isinstance(entry["run"], str):
        _refuse("run", entry["run"], 'write it as text, such as "a"')
    return entry


_NONE = (NO_DATA, NO_DATA, NO_DATA)


def _arm(entry: dict[str, Any], arm: str) -> tuple[int, int, int]:
    """Total, bad and pods."""
    counts = entry[arm]
    if counts is None:
        return _NONE
    if not isinstance(counts, dict):
        _refuse(arm, counts, 'write {"total": 120, "bad": 1, "pods": 4}, or null without data')
    total, bad, pods = counts.get("total"), counts.get("bad"), counts.get("pods", 1)
    if total is None or bad is None:
        return _without_data(arm, counts)
    if type(total) is not int or type(bad) is not int or type(pods) is not int or not 0 <= bad <= total <= _MOST:
        total = _whole(total, f"{arm}.total", "the requests of this tick")
        bad = _whole(bad, f"{arm}.bad", "how many of them went wrong")
        pods = _whole(pods, f"{arm}.pods", "the pods that were counted")
        if bad > total:
            _refuse(f"{arm}.bad", bad, f"only {total} requests were there: count started requests as total")
    return total, bad, max(pods, 1)


def _without_data(arm: str, counts: dict[str, Any]) -> tuple[int, int, int]:
    for name in ("total", "bad"):
        if name not in counts:
            raise SeriesError(f'{arm}.{name}: is missing: write {{"total": 120, "bad": 1, "pods": 4}}')
    return _NONE


def _whole(value: Any, name: str, what: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= _MOST:
        _refuse(name, value, f"write a whole number from 0: {what}")
    return value


@lru_cache(maxsize=1024)
def _weight(value: Any) -> float:
    if value is None:
        return _SAME
    if not isinstance(value, str) or not _WEIGHT.fullmatch(value):
        _refuse("weight", value, 'write the share of requests in percent as text, such as "10%"')
    return float(value[:-1])


def _refuse(name: str, value: Any, remedy: str) -> NoReturn:
    raise SeriesError(f"{name}: {_short(json.dumps(value))}: {remedy}")


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:59]}…"
