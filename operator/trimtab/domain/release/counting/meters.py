"""What is to be counted, or measured, of one revision: the question to a metrics store, without any query language."""

from dataclasses import dataclass
from typing import NamedTuple

from trimtab.domain.release.counting.counters import Arm


@dataclass(frozen=True, slots=True, order=True)
class Errors:
    """Requests and those that failed, as `source` counts them (a value of RequestSource).

    `bound_ms`: a request that its client gave up failed if it was older than that; a bucket of the proxy's histograms.
    """

    source: str
    bound_ms: int


@dataclass(frozen=True, slots=True, order=True)
class Slow:
    """Requests and those that took longer than `under_ms`, by the histogram of `source`; both from its buckets."""

    source: str
    under_ms: int


@dataclass(frozen=True, slots=True, order=True)
class Selector:
    """A metric of the service's own and the labels, sorted by name, that its series must carry."""

    metric: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Attempts:
    """Two counters of the service's own."""

    total: Selector
    bad: Selector


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """A gauge of the service's own."""

    selector: Selector


@dataclass(frozen=True, slots=True, order=True)
class Expression:
    """A level by a query in the store's own language, which gives one value for a revision."""

    query: str


@dataclass(frozen=True, slots=True, order=True)
class Connections:
    """Connections that the proxy accepted; none of them is bad."""


Measure = Errors | Slow | Attempts | Level | Expression | Connections


@dataclass(frozen=True, slots=True)
class Meter:
    """One measure of one arm."""

    arm: Arm
    measure: Measure


class Count(NamedTuple):
    """What one scrape of one process said: unix time of the scrape, and what it had counted since it started."""

    at: float
    total: float
    bad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Raw counts of one scraped process, oldest first.

    `instance` is the name of its pod: one of the service's, or of the router's if the source is a router.
    """

    instance: str
    counts: tuple[Count, ...]
