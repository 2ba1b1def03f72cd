"""Counters of requests, read from a metrics store."""

from collections.abc import Collection
from typing import Protocol

from trimtab.domain.release.counters import Arm, Reading


class Metrics(Protocol):
    """Reads what pods exported. Absence of data is an answer (no series), never an error, and never a zero."""

    async def requests(self, arms: Collection[Arm]) -> Reading:
        """Totals of requests started, of the last three scrapes, for all arms at once, within ten seconds.

        Meant for the arms of all releases together: the number of queries depends on series, not on releases. Never
        raises: arms that could not be read are in `failed`, with a short message that is safe to show.
        """
