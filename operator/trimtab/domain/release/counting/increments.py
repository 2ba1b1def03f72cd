"""What counters grew by between two scrapes: starts and restarts of processes, and series that begin late.

Counters of Prometheus: https://prometheus.io/docs/concepts/metric_types/#counter; that a series may begin at any value:
https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.meters import Count, Meter
from trimtab.domain.release.counting.question import Counter, Question, routed
from trimtab.domain.release.counting.ticks import millis


class Increment(NamedTuple):
    """Requests, and bad ones, that a process counted after `begin` and until `end` (milliseconds of unix time)."""

    begin: int
    end: int
    total: int
    bad: int


class Process(NamedTuple):
    """What a process counted, oldest first; `newest`: when it was scraped last."""

    instance: str
    newest: int
    increments: Sequence[Increment]


def processes(reading: Reading, question: Question, counter: Counter, since: float) -> list[Process]:
    """All processes that count this, with what they counted until scrapes after `since`.

    Scrapes too far apart do not tell what was counted between them. A pod that started since has counted from 0; so has
    a router that was scraped without this series, which it makes with the first request.
    """
    pods, known = question.pods(counter), _scraped(reading, question) if routed(counter) else {}
    found = []
    for instance, counts in _counted(reading, counter):
        told = max(bisect_right(counts, since, key=itemgetter(0)) - 1, 0)
        start = millis(pods[instance]) if instance in pods else None
        grown = _increments(counts[told:], start, known.get(instance, ()), question.ticks.gap)
        found.append(Process(instance, millis(counts[-1].at), list(grown)))
    return found


def _increments(counts: Iterable[Count], start: int | None, scraped: Sequence[int], gap: int) -> Iterator[Increment]:
    before: tuple[int, int, int] | None = None
    for at, total, bad in counts:
        after = millis(at), int(total), int(bad)
        if before is None or after[0] - before[0] > gap:
            before = _begun(after[0], start, scraped, gap)
        if before is not None and after[1] < before[1]:  # the process began anew
            yield Increment(before[0], *after)
        elif before is not None:
            yield Increment(before[0], after[0], after[1] - before[1], max(after[2] - before[2], 0))
        before = after


def _begun(first: int, start: int | None, scraped: Sequence[int], gap: int) -> tuple[int, int, int] | None:
    """What comes before the first scrape of a series: the last moment at which nothing was counted, if it is known."""
    if start is None:
        earlier = bisect_left(scraped, first)
        start = scraped[earlier - 1] if earlier else None
    return (start, 0, 0) if start is not None and first - gap <= start < first else None


def newest(question: Question, found: Mapping[Counter, Iterable[Process]]) -> list[int]:
    """When each process was scraped last; when it started, for pods that were not scraped yet."""
    scraped = [each.newest for group in found.values() for each in group]
    known = {counter: {each.instance for each in group} for counter, group in found.items()}
    pods = (
        item
        for counter in found
        if not routed(counter)
        for item in question.pods(counter).items()
        if item[0] not in known[counter]
    )
    return scraped + [millis(start) for _, start in pods]


def _counted(reading: Reading, counter: Counter) -> Iterator[tuple[str, Sequence[Count]]]:
    """By instance; an arm's requests are all good."""
    if isinstance(counter, Meter):
        yield from ((tally.instance, tally.counts) for tally in reading.tallies.get(counter, ()) if tally.counts)
        return
    for series in reading.series.get(counter, ()):
        if series.samples:
            yield series.pod, [Count(at, total, 0.0) for at, total in series.samples]


def _scraped(reading: Reading, question: Question) -> Mapping[str, Sequence[int]]:
    """When each process was scraped, as far as either revision's counters show."""
    found: dict[str, set[int]] = {}
    for counter in question.judged:
        for instance, counts in _counted(reading, counter):
            found.setdefault(instance, set()).update(millis(count.at) for count in counts)
    return {instance: sorted(times) for instance, times in found.items()}
