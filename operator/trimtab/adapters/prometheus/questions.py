"""What is to be asked, packed into few queries. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from trimtab.adapters.prometheus import sources
from trimtab.adapters.prometheus.sources import ARRIVALS, Parts
from trimtab.domain.release.counters import Arm
from trimtab.domain.release.meters import Measure, Meter

MAX_QUESTIONS = 400
"""In one query, so that its text stays below 64 KiB."""

MAX_COST = 4 * 2**20
"""Bytes of an answer that we hope for: far below what is refused, since pods become more."""

UNKNOWN_COST = 2**13


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


def packed(asked: Iterable[Question], costs: Mapping[Key, float]) -> list[list[Question]]:
    """Few queries of about the same size. A query has one identity; `costs` are bytes that answers had before."""
    queries: list[list[Question]] = []
    spent = 0.0
    for question in asked:
        cost = costs.get(question.key, UNKNOWN_COST)
        last = queries[-1] if queries else []
        fits = last and last[0].identity == question.identity and len(last) < MAX_QUESTIONS and spent + cost <= MAX_COST
        if fits:
            last.append(question)
        else:
            queries.append([question])
        spent = spent + cost if fits else cost
    return queries
