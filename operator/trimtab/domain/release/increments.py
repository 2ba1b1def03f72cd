"""What counters grew by between two scrapes: starts and restarts of processes, and series that begin late.

Counters of Prometheus: https://prometheus.io/docs/concepts/metric_types/#counter; that a series may begin at any value:
https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from trimtab.domain.release.counters import Reading
from trimtab.domain.release.meters import Count, Meter
from trimtab.domain.release.question import Counter, Question, routed
from trimtab.domain.release.ticks import millis

Scrape = tuple[int, int, int]
"""(milliseconds of unix time, total, bad)."""


class Increment(NamedTuple):
    """Requests, and bad ones, that a process counted after `begin` and until `end` (milliseconds of unix time)."""

    begin: int
    end: int
    total: int
    bad: int


class Process(NamedTuple):
    """What was scraped of a process, oldest first."""

    instance: str
    scrapes: Sequence[Scrape]


def processes(reading: Reading, question: Question, counter: Counter, since: float) -> list[Process]:
    """All processes that count this, with the scrapes that tell what they counted after `since`.

    Those whose beginning is known begin with a scrape at which nothing was counted. A pod that started since the last
    scrape has counted from 0. So has a router that was scraped before without this series, which it makes with the
    first request.
    """
    pods, known = question.pods(counter), _scraped(reading, question) if routed(counter) else {}
    found = []
    for instance, counts in _counted(reading, counter):
        told = max(bisect_right(counts, since, key=itemgetter(0)) - 1, 0)
        scrapes: list[Scrape] = [(millis(at), int(total), int(bad)) for at, total, bad in counts[told:]]
        first = scrapes[0][0]
        begun = _begun(first, millis(pods[instance]) if instance in pods else None, known.get(instance, ()))
        if not told and begun is not None and first - question.ticks.gap <= begun < first:
            scrapes.insert(0, (begun, 0, 0))
        found.append(Process(instance, scrapes))
    return found


def _begun(first: int, start: int | None, scraped: Sequence[int]) -> int | None:
    """The last moment before the first scrape at which nothing was counted: of the process, or of this series."""
    if start is not None:
        return start
    earlier = bisect_left(scraped, first)
    return scraped[earlier - 1] if earlier else None


def newest(question: Question, found: Mapping[Counter, Iterable[Process]]) -> list[int]:
    """When each process was scraped last; when it started, for pods that were not scraped yet."""
    scraped = [each.scrapes[-1][0] for group in found.values() for each in group]
    known = {counter: {each.instance for each in group} for counter, group in found.items()}
    pods = (
        item
        for counter in found
        if not routed(counter)
        for item in question.pods(counter).items()
        if item[0] not in known[counter]
    )
    return scraped + [millis(start) for _, start in pods]


def increments(process: Process, *, since: int, mark: int, gap: int) -> Iterator[Increment]:
    """Those that end after `since` and begin at `mark` or later; between scrapes further apart than `gap` are none."""
    for before, after in pairwise(process.scrapes):
        if after[0] <= since or before[0] < mark or after[0] - before[0] > gap:
            continue
        if after[1] < before[1]:  # the process began anew
            yield Increment(before[0], after[0], after[1], after[2])
        else:
            yield Increment(before[0], after[0], after[1] - before[1], max(after[2] - before[2], 0))


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
