"""Which series is whose: an answer, sorted out by arm and meter. Pure, and meant for a thread."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from trimtab.adapters.prometheus.answers import Found
from trimtab.adapters.prometheus.identities import IDENTITIES, Labels, Owner, process
from trimtab.adapters.prometheus.questions import MAX_SERIES, UNKNOWN_COST, Key, Question
from trimtab.adapters.prometheus.sources import SOURCES, Part
from trimtab.adapters.prometheus.tallies import tally
from trimtab.domain.release.counting.counters import Arm, Sample, Series
from trimtab.domain.release.counting.meters import Errors, Level, Meter, Slow, Tally

Target = Arm | Meter

NO_NUMBERS = "Prometheus answers with samples that are no finite numbers in the order of time"


@dataclass(frozen=True, slots=True)
class Sorted:
    """What an answer tells. `unbounded`: meters whose histogram lacks the bucket. `costs`: bytes by question.
    `crowded`: questions with more series than are counted, and how many.

    `moments`: the store's time when it looked, for each answer; none for what was not answered.
    """

    series: dict[Arm, tuple[Series, ...]] = field(default_factory=dict)
    failed: dict[Arm, str] = field(default_factory=dict)
    tallies: dict[Meter, tuple[Tally, ...]] = field(default_factory=dict)
    levels: dict[Meter, tuple[Series, ...]] = field(default_factory=dict)
    unread: dict[Meter, str] = field(default_factory=dict)
    unbounded: dict[Question, None] = field(default_factory=dict)
    crowded: dict[Question, int] = field(default_factory=dict)
    costs: dict[Key, float] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)

    def add(self, other: "Sorted") -> None:
        """Takes over what another answer tells."""
        self.series.update(other.series)
        self.failed.update(other.failed)
        self.tallies.update(other.tallies)
        self.levels.update(other.levels)
        self.unread.update(other.unread)
        self.unbounded.update(other.unbounded)
        self.crowded.update(other.crowded)
        self.costs.update(other.costs)
        self.moments.extend(other.moments)

    def fail(self, targets: Iterable[Target], message: str) -> None:
        """Lets nothing be known of them, for that reason."""
        for target in targets:
            if isinstance(target, Arm):
                self.failed[target] = message
            else:
                self.unread[target] = message
                self.tallies.pop(target, None)


Copies = dict[tuple[str, ...], list[tuple[Part, Found]]]
"""The series of one pod, by the scrape or the copy that they are of."""


class _Pods:
    """The series of one target. Of several copies of a pod's series, always the same one counts: its container `app`'s.

    Without one of that name, the first.
    """

    def __init__(self) -> None:
        self._copies: dict[str, Copies] = defaultdict(dict)
        self.series = 0

    def add(self, pod: str, copy: tuple[str, ...], part: Part, found: Found) -> None:
        self._copies[pod].setdefault(copy, []).append((part, found))
        self.series += 1

    def items(self) -> list[tuple[str, list[tuple[Part, Found]]]]:
        return [(pod, copies[min(copies, key=_rank(copies))]) for pod, copies in sorted(self._copies.items())]


def _rank(copies: Copies) -> Callable[[tuple[str, ...]], tuple[bool, tuple[str, ...]]]:
    return lambda copy: (all(found.labels.get("container") != "app" for _, found in copies[copy]), copy)


def sorted_out(answer: Iterable[Found], asked: Sequence[Question]) -> Sorted:
    """What an answer tells of what was asked in one query. Series of anybody else are left out."""
    identity = IDENTITIES[asked[0].identity]
    wanted = _wanted(asked)
    pods: dict[tuple[int, int], _Pods] = defaultdict(_Pods)
    costs = [0.0] * len(asked)
    for found in answer:
        owner = identity.owner(found.labels)
        takers = wanted.get((owner, found.labels.get("__name__", ""))) if owner else None
        if not takers:
            continue
        pod, copy = process(identity, found.labels)
        cost = _LABELS + _SAMPLE * len(found.samples or ())
        for number, arm, part in takers:
            costs[number] += cost
            if pod and _goes_into(found.labels, part):
                pods[number, arm].add(pod, copy, part, found)
    made = Sorted(costs={each.key: cost or UNKNOWN_COST for each, cost in zip(asked, costs, strict=True)})
    for number, question in enumerate(asked):
        there = {target: pods[number, arm] for arm, target in enumerate(question.targets()) if (number, arm) in pods}
        if (series := sum(each.series for each in there.values())) > MAX_SERIES:
            made.crowded[question] = series
            continue
        for target, each in there.items():
            _conclude(made, question, target, each.items())
    return made


_LABELS, _SAMPLE = 400, 30
"""Bytes of an answer that a series and a sample take."""


def _wanted(asked: Sequence[Question]) -> Mapping[tuple[Owner, str], list[tuple[int, int, Part]]]:
    """By owner and metric: the question, which of its arms, and what a series is a part of."""
    wanted: dict[tuple[Owner, str], list[tuple[int, int, Part]]] = defaultdict(list)
    for number, question in enumerate(asked):
        key = IDENTITIES[question.identity].key
        for arm, owner in enumerate(map(key, question.arms)):
            for part in question.parts:
                wanted[owner, part.metric].append((number, arm, part))
    return wanted


def _goes_into(labels: Labels, part: Part) -> bool:
    if part.le is not None and _number(labels.get("le", "")) != part.le:
        return False
    return all(_expression(regex).fullmatch(labels.get(label, "")) for label, regex in part.where)


@lru_cache(maxsize=4096)
def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@lru_cache(maxsize=4096)
def _expression(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


def _conclude(
    made: Sorted, question: Question, target: Target, pods: Sequence[tuple[str, list[tuple[Part, Found]]]]
) -> None:
    try:
        if isinstance(target, Arm):
            made.series[target] = tuple(Series(pod=pod, samples=_counts(series[0][1])) for pod, series in pods)
        elif isinstance(target.measure, Level):
            made.levels[target] = tuple(Series(pod=pod, samples=_values(pod, series)) for pod, series in pods)
        elif _lacks_bucket(pods, question):
            made.unbounded.setdefault(question)
        else:
            tallies = (tally(pod, [(part, _counts(found)) for part, found in series]) for pod, series in pods)
            made.tallies[target] = tuple(each for each in tallies if each.counts)
    except ValueError as error:
        made.fail([target], str(error))


def _lacks_bucket(pods: Sequence[tuple[str, list[tuple[Part, Found]]]], question: Question) -> bool:
    """Whether a histogram is there, but not the bucket that tells the good from the bad."""
    there = {part.le for _, series in pods for part, _ in series}
    return math.inf in there and not {part.le for part in question.parts if part.le is not None} <= there


def crowded(series: int) -> str:
    """What to say of a question with so many."""
    remedy = "select fewer series by matchLabels, or export fewer"
    return f"{series:,} series are counted for it, more than {MAX_SERIES:,}: {remedy}"


def missing_bucket(question: Question, answer: Iterable[Found]) -> str:
    """What to say of that; `answer` has all of the histogram's buckets."""
    assert isinstance(question.measure, Errors | Slow)  # noqa: S101 - nothing else has buckets
    unit = SOURCES[question.measure.source].unit
    metric, wanted = next((part.metric, part.le) for part in question.parts if part.le not in (None, math.inf))
    assert wanted is not None  # noqa: S101 - by the line above
    bounds = [le for found in answer if math.isfinite(le := _number(found.labels.get("le", "")))]
    below = max((le for le in bounds if le < wanted), default=None)
    above = min((le for le in bounds if le > wanted), default=None)
    near = " and ".join(f"{le * unit:g}ms" for le in (below, above) if le is not None)
    return f"{metric} has no bucket of {wanted * unit:g}ms; the nearest are {near or 'not known'}"


def _counts(found: Found) -> tuple[Sample, ...]:
    """Raises ValueError for what no counter can be."""
    if found.samples is None or not all(math.isfinite(value) and value >= 0 for _, value in found.samples):
        raise ValueError(NO_NUMBERS)
    return found.samples


def _values(pod: str, series: Sequence[tuple[Part, Found]]) -> tuple[Sample, ...]:
    """Of a gauge, which is one series in each pod; what is no number is no sample. Raises ValueError."""
    if len(series) > 1:
        labels = [found.labels for _, found in series]
        differing = sorted(name for name in set().union(*labels) if len({each.get(name) for each in labels}) > 1)
        raise ValueError(f"pod {pod} has {len(series)} series of it, told apart by {', '.join(differing)}: select one")
    found = series[0][1]
    if found.samples is None:
        raise ValueError(NO_NUMBERS)
    return tuple(sample for sample in found.samples if math.isfinite(sample[1]))
