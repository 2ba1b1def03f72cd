"""What is to be asked, packed into few queries. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from trimtab.adapters.prometheus import sources
from trimtab.adapters.prometheus.sources import ARRIVALS, Parts
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Measure, Meter

MAX_QUESTIONS = 400
"""In one query, so that its text stays below 64 KiB."""

MAX_COST = 4 * 2**20
"""Bytes of an answer that we hope for: far below what is refused, since pods become more."""

UNKNOWN_COST = 2**13

MAX_SERIES = 5000
"""Of a question: few enough that also ten minutes of them, scraped every 10 s, are no answer that is refused."""


Key = tuple[str, str, str, Measure | None]


@dataclass(frozen=True, slots=True)
class Question:
    """One measure of all arms of one service that are asked about; they are never parted, so they can be compared.

    Without a measure: requests as they begin.
    """

    identity: str
    namespace: str
    microservice: str
    measure: Measure | None
    arms: tuple[Arm, ...]

    @property
    def key(self) -> Key:
        """The same in every reading, whichever arms are asked about."""
        return self.identity, self.namespace, self.microservice, self.measure

    @property
    def parts(self) -> Parts:
        """What the answer is made of."""
        return ARRIVALS if self.measure is None else sources.parts(self.measure)

    def targets(self) -> Iterator[Arm | Meter]:
        """What a reading tells by it."""
        for arm in self.arms:
            yield arm if self.measure is None else Meter(arm, self.measure)


def questions(arms: Collection[Arm], meters: Collection[Meter]) -> list[Question]:
    """All that is asked, in an order that is the same each time."""
    found: dict[Key, set[Arm]] = {}
    for arm in arms:
        found.setdefault(("Proxy", arm.namespace, arm.microservice, None), set()).add(arm)
    for meter in meters:
        arm, identity = meter.arm, sources.identity(meter.measure)
        found.setdefault((identity, arm.namespace, arm.microservice, meter.measure), set()).add(arm)
    made = (Question(*key, arms=tuple(sorted(of))) for key, of in found.items())
    return sorted(made, key=lambda question: repr(question.key))


def packed(asked: Collection[Question], costs: Mapping[Key, float]) -> list[list[Question]]:
    """Few queries of about the same size, in the order in which to ask. `costs` are bytes that answers had before.

    A query has one identity. Namespaces that cost little come first, so they do not wait for those that cost much.
    What was never asked comes last, and apart, since nobody knows yet what it costs.
    """
    queries: list[list[Question]] = []
    last: dict[tuple[str, bool], tuple[list[Question], float]] = {}
    for question in _cheapest_first(asked, costs):
        kind = question.identity, question.key in costs
        cost = costs.get(question.key, UNKNOWN_COST)
        query, spent = last.get(kind, ([], 0.0))
        if not query or len(query) == MAX_QUESTIONS or spent + cost > MAX_COST:
            query, spent = [], 0.0
            queries.append(query)
        query.append(question)
        last[kind] = query, spent + cost
    return queries


def _cheapest_first(asked: Collection[Question], costs: Mapping[Key, float]) -> list[Question]:
    spent: dict[str, float] = defaultdict(float)
    for question in asked:
        spent[question.namespace] += costs.get(question.key, 0.0)
    return sorted(asked, key=lambda question: (question.key not in costs, spent[question.namespace]))
