"""How many requests, or connections, arrived at either revision in each tick: what its share is measured by.

Pods are scraped at different moments. If each scrape counted wholly in the tick in which it is, a share would sway with
those moments; so what came between two scrapes is divided among ticks by time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.increments import Increment, Process, newest, processes
from trimtab.domain.release.counting.question import Counter, Question, unread
from trimtab.domain.release.counting.ticks import Awaited, Ticks, due, millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A tick that is closed; `end` is its last moment by the store's clock. None unless all pods were scraped."""

    end: float
    candidate: int | None
    stable: int | None


def arrived(reading: Reading, question: Question, since: float) -> tuple[Arrived, ...]:
    """As counting.closed, for all pods however young; a tick closes once the pods were scraped after its end."""
    if unread(reading, question) or question.stable is None:
        return ()
    ticks, since = question.ticks, max(since, question.mark + question.scrape)
    found = {counter: processes(reading, question, counter, since) for counter in question.judged}
    awaited = Awaited(newest(question, found), before=1, patience=ticks.gap + 2 * ticks.scrape)
    numbers = due(ticks, reading, since=since, awaited=awaited)
    if not numbers:
        return ()
    candidate = _arrivals(question, question.candidate, found[question.candidate], numbers)
    stable = _arrivals(question, question.stable, found[question.stable], numbers)
    return tuple(
        Arrived(end=ticks.end(number) / 1000, candidate=ours, stable=theirs)
        for number, ours, theirs in zip(numbers, candidate, stable, strict=True)
    )


def _arrivals(question: Question, counter: Counter, found: Iterable[Process], numbers: range) -> list[int | None]:
    """For each tick; None if one of the pods that existed was not scraped throughout, or nothing was."""
    ticks, mark = question.ticks, millis(question.mark)
    totals: dict[int, int] = {}
    covered: dict[tuple[str, int], int] = {}
    for process in found:
        for increment in (each for each in process.increments if each.begin >= mark):
            for number, total, span in _divided(increment, ticks):
                totals[number] = totals.get(number, 0) + total
                covered[process.instance, number] = covered.get((process.instance, number), 0) + span
    old = {pod: millis(start) for pod, start in question.pods(counter).items()}

    def missed(number: int) -> bool:
        begin = ticks.end(number - 1)
        return any(start <= begin and covered.get((pod, number), 0) < ticks.interval for pod, start in old.items())

    return [None if missed(number) else totals.get(number) for number in numbers]


def _divided(increment: Increment, ticks: Ticks) -> Iterator[tuple[int, int, int]]:
    """(tick, requests, milliseconds) for each tick that it touches; whole requests, which add up to the increment."""
    begin, end, total, _ = increment
    done = 0
    for number in range(ticks.holding(begin + 1), ticks.holding(end) + 1):
        edge = min(ticks.end(number), end)
        upto = total * (edge - begin) // (end - begin)
        yield number, upto - done, edge - max(begin, ticks.end(number - 1))
        done = upto
