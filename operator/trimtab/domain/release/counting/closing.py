"""From a reading to whole counts of closed ticks.

They are a function of what the store holds, not of when somebody looked: whoever missed ticks, because the operator
was restarted or the store could not be asked, counts them later, one by one and the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.increments import Process, newest, processes
from trimtab.domain.release.counting.question import Counter, Question, unread
from trimtab.domain.release.counting.ticks import Awaited, due, millis


class Counts(NamedTuple):
    """Requests of one revision, those that were bad, and the processes that counted them."""

    total: int
    bad: int
    pods: int


class Carry(NamedTuple):
    """Bad requests beyond a tick's total, by revision: they began in an earlier tick and count in the next one."""

    candidate: int = 0
    stable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A tick that is closed; `end` is its last moment by the store's clock, `carry` what is left for the next one.

    A revision without counts had no process that was scraped and old enough. Unless all judged revisions have counts
    the tick is not `fresh` and adds nothing.
    """

    end: float
    candidate: Counts | None
    stable: Counts | None
    fresh: bool
    carry: Carry


def closed(reading: Reading, question: Question, since: float, carry: Carry | None = None) -> tuple[Counted, ...]:
    """The ticks that ended after `since` (the store's time, up to which all is counted) and are complete, in order.

    None as long as the counters could not be read. A tick that begins before the question's mark is left out.
    """
    if unread(reading, question):
        return ()
    since = max(since, question.mark)
    found = {counter: processes(reading, question, counter, since) for counter in question.judged}
    ticks = question.ticks
    awaited = Awaited(newest(question, found), before=ticks.soonest, patience=2 * ticks.scrape)
    numbers = due(ticks, reading, since=since, awaited=awaited)
    candidate = _counts(question, question.candidate, found[question.candidate], numbers)
    stable = _counts(question, question.stable, found[question.stable], numbers) if question.stable else {}
    said, left = [], carry or Carry()
    for number in numbers:
        ours, theirs = candidate.get(number), stable.get(number)
        fresh = ours is not None and (theirs is not None or question.stable is None)
        if fresh:
            (ours, kept), (theirs, theirs_kept) = _with(ours, left.candidate), _with(theirs, left.stable)
            left = Carry(kept, theirs_kept)
        end = ticks.end(number) / 1000
        said.append(Counted(end=end, candidate=ours, stable=theirs, fresh=fresh, carry=left))
    return tuple(said)


def _counts(question: Question, counter: Counter, found: Iterable[Process], numbers: range) -> Mapping[int, Counts]:
    """By tick."""
    if not numbers:
        return {}
    ticks = question.ticks
    sums: dict[int, list[int]] = {}
    for process in found:
        warm, last = question.warm(counter, process.instance), 0
        if warm is None:
            continue
        earliest = max(warm, millis(question.mark))
        for begin, end, total, bad in process.increments:
            if begin < earliest:
                continue
            number = ticks.holding(end)
            each = sums.setdefault(number, [0, 0, 0])
            each[0] += total
            each[1] += bad
            each[2] += number != last
            last = number
    return {number: Counts(*each) for number, each in sums.items()}


def _with(counts: Counts | None, carry: int) -> tuple[Counts | None, int]:
    """The counts with what was carried, and what is to be carried further."""
    if counts is None:
        return None, carry
    bad = counts.bad + carry
    return counts._replace(bad=min(bad, counts.total)), max(bad - counts.total, 0)
