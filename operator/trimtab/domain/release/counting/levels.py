"""Gauges: one value for each revision and tick, of the newest samples of its pods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from typing import Literal

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.meters import Meter
from trimtab.domain.release.counting.question import Counter, Question, unread
from trimtab.domain.release.counting.ticks import Awaited, due, millis

Aggregate = Literal["max", "min", "avg", "sum"]

_AGGREGATES: Mapping[Aggregate, Callable[[Sequence[float]], float]] = {"max": max, "min": min, "avg": fmean, "sum": sum}


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """A tick that is closed; `end` is its last moment by the store's clock.

    A revision without a value had no pod that was scraped and old enough.
    """

    end: float
    candidate: float | None
    stable: float | None


def levelled(reading: Reading, question: Question, since: float, aggregate: Aggregate) -> tuple[Levelled, ...]:
    """As counting.closed, of gauges."""
    if unread(reading, question):
        return ()
    ticks = question.ticks
    series = (each for counter in question.judged for each in reading.levels.get(_meter(counter), ()))
    newest = [millis(each.samples[-1][0]) for each in series if each.samples]
    awaited = Awaited(newest, before=ticks.soonest, patience=2 * ticks.scrape)
    numbers = due(ticks, reading, since=max(since, question.mark), awaited=awaited)
    candidate = _values(reading, question, question.candidate, numbers)
    stable = _values(reading, question, question.stable, numbers) if question.stable else {}
    return tuple(
        Levelled(
            end=ticks.end(number) / 1000,
            candidate=_AGGREGATES[aggregate](candidate[number]) if number in candidate else None,
            stable=_AGGREGATES[aggregate](stable[number]) if number in stable else None,
        )
        for number in numbers
    )


def _values(reading: Reading, question: Question, counter: Counter, numbers: range) -> Mapping[int, list[float]]:
    """By tick the newest value of each series that is a number at all."""
    found: dict[int, list[float]] = {}
    for series in reading.levels.get(_meter(counter), ()):
        warm = question.warm(counter, series.pod)
        known = ((at, value) for at, value in series.samples if isfinite(value) and _old(at, warm))
        newest = {question.ticks.holding(millis(at)): value for at, value in known}
        for number in numbers:
            if number in newest:
                found.setdefault(number, []).append(newest[number])
    return found


def _old(at: float, warm: int | None) -> bool:
    return warm is not None and millis(at) >= warm


def _meter(counter: Counter) -> Meter:
    if not isinstance(counter, Meter):
        raise TypeError("an arm's requests have no level")
    return counter
