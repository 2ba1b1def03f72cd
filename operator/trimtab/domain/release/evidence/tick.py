"""What one tick counted."""

from dataclasses import dataclass

from trimtab.domain.release.evidence.terms import Bools, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Counts of one tick of a batch of KPIs: arrays of shape (B,).

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
