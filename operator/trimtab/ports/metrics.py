"""Counters of requests, read from a metrics store in batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class Arm(NamedTuple):
    """One revision of one service, as one of the proxy's listeners sees it (design: Ports)."""

    namespace: str
    microservice: str
    revision: str
    listener: Literal["direct", "routed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Raw samples of one counter of one pod, oldest first: (unix time in seconds, value)."""

    pod: str
    samples: tuple[tuple[float, float], ...]


class MetricsError(Exception):
    """The store did not answer, or not as it should. The message is safe to show."""


class Metrics(Protocol):
    """Reads what pods exported. Absence of data is an answer (no series), never an error, and never a zero."""

    @property
    def available(self) -> bool:
        """Whether a store is configured at all."""

    async def requests(self, arms: Iterable[Arm]) -> Mapping[Arm, tuple[Series, ...]]:
        """Totals of requests started, of the last three scrapes, for each arm. Raises MetricsError.

        Calls of many releases at about the same time become one query; its number depends on series, not on releases.
        """
