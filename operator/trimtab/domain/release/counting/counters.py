"""What counters of requests tell of traffic: raw samples in, answers out. What is not known is never a zero.

Samples are those of a cumulative counter of requests *started*, one series for each pod, as the pod exported them.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from trimtab.domain.release.counting.meters import Meter, Tally

Listener = Literal["direct", "routed"]
Sample = tuple[float, float]
"""(unix time in seconds, value)."""

STANDSTILL = 3
"""Equal samples that make two scrapes without a request."""


class Arm(NamedTuple):
    """One revision of one service, as one of the proxy's listeners sees it (design: Ports)."""

    namespace: str
    microservice: str
    revision: str
    listener: Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Raw samples of one counter of one pod, oldest first."""

    pod: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look at the metrics store gave; `at` is the unix time in seconds by the store's own clock.

    It holds the samples of the `window` seconds before that. An arm in neither mapping has no data; one in `failed`
    could not be read, for the reason given (safe to show). The same of meters: `tallies` of what is counted, `levels`
    of gauges, `unread` with the reason.
    """

    at: float
    window: float = math.inf
    series: Mapping[Arm, tuple[Series, ...]] = field(default_factory=dict)
    failed: Mapping[Arm, str] = field(default_factory=dict)
    tallies: Mapping["Meter", tuple["Tally", ...]] = field(default_factory=dict)
    levels: Mapping["Meter", tuple[Series, ...]] = field(default_factory=dict)
    unread: Mapping["Meter", str] = field(default_factory=dict)


def newest(series: Iterable[Series]) -> float | None:
    """Time of the newest sample of any pod; None without a sample."""
    return max((each.samples[-1][0] for each in series if each.samples), default=None)


def fresh(series: Iterable[Series], since: float) -> bool:
    """Whether at least one pod has a sample newer than `since` (unix time in seconds)."""
    latest = newest(series)
    return latest is not None and latest > since


def seen_since(series: Iterable[Series], since: float) -> bool:
    """Whether a request certainly began after `since` (unix time in seconds).

    An increase counts only between two samples that are both later: a request before the first of them may be older. A
    counter that fell was reset by a restart, and what it holds since is new.
    """
    return any(_grew(before, after) for each in series for before, after in pairwise(_since(each, since)))


def stood_still(series: Iterable[Series], since: float, pods: Collection[str]) -> bool | None:
    """Whether no request reached any of the `pods` (names) in two scrapes after `since`; None if that is not known.

    False as soon as one pod got a request within the newest two scrapes. Known to be True only once each of the pods
    has three equal samples later than `since`; pods that are gone do not matter.
    """
    tails = {each.pod: _since(each, since)[-STANDSTILL:] for each in series if each.pod in pods}
    if any(_grew(before, after) for tail in tails.values() for before, after in pairwise(tail)):
        return False
    known = [pod for pod, tail in tails.items() if len(tail) >= STANDSTILL]
    return True if known and len(known) == len(set(pods)) else None


def _since(series: Series, since: float) -> tuple[Sample, ...]:
    return tuple(sample for sample in series.samples if sample[0] >= since)


def _grew(before: Sample, after: Sample) -> bool:
    return after[1] > before[1] or 0 < after[1] < before[1]
