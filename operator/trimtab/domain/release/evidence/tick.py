"""What one tick counted."""

from dataclasses import dataclass, fields
from typing import Self

from trimtab.domain.release.evidence.terms import Bools, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Counts of one tick of a batch of KPIs: arrays of shape (B,), with 0 <= bad <= total.

    `compared`: requests were divided at random between both revisions, so that they may be compared. `counts`: False
    for rows to which this tick adds nothing (no data, or a weight changed in it).
    """

    candidate_total: Ints
    candidate_bad: Ints
    candidate_pods: Ints
    stable_total: Ints
    stable_bad: Ints
    stable_pods: Ints
    compared: Bools
    counts: Bools

    def rows(self, index: Ints | Bools) -> Self:
        """The counts of these rows: a mask or numbers, which may repeat."""
        return type(self)(**{each.name: getattr(self, each.name)[index] for each in fields(self)})
