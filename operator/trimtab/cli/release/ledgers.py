"""What was counted in a release of the cluster, from the ledgers in its status."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from trimtab.cli.release.series import NO_DATA, Series
from trimtab.domain.objects import Object
from trimtab.domain.release.judging.ledger import Entry, entries

NOT_DIVIDED = 100
"""Weight that stands for requests that were not divided at random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The ticks of one KPI of one target, and what its promotion was measured by (SLO, Stable or Both; "": unknown)."""

    target: str
    kpi: str
    compare_to: str
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """Target and KPI."""
        return f"{self.target}/{self.kpi}"


def ledgers(status: Object, kpis: tuple[str, ...]) -> list[Ledger]:
    """Those of the KPIs named, for each target that has them, in order; none at all if nothing was counted."""
    found = [
        Ledger(
            target=each["target"],
            kpi=each["name"],
            compare_to=each.get("compareTo") or "",
            entries=entries(each.get("ledger") or ""),
        )
        for each in status.get("kpis") or ()
        if each["name"] in kpis
    ]
    return found if any(ledger.entries for ledger in found) else []


def series_of(found: list[Ledger], run: str, weights: Sequence[int]) -> Series:
    """The ticks of all ledgers as one run; the KPIs' names are target/KPI. Steps are those that the release took.

    `weights` are those of the steps, in percent: what came after the promotion is left out.
    """
    found = [replace(ledger, entries=tuple(_before(ledger.entries, weights))) for ledger in found]
    times = sorted({entry.t for ledger in found for entry in ledger.entries})
    index = {t: number for number, t in enumerate(times)}
    step, weight = np.ones((len(times), 1), dtype=np.int64), np.zeros((len(times), 1))
    counts = np.full((len(times), 1, len(found), 6), NO_DATA, dtype=np.int64)
    for column, ledger in enumerate(found):
        for entry in ledger.entries:
            at = index[entry.t]
            step[at, 0] = max(entry.step, int(step[at, 0]))
            weight[at, 0] = entry.weight if entry.compared else NOT_DIVIDED
            if entry.counts:
                counts[at, 0, column] = (*entry.candidate, *entry.stable)
    return Series(
        runs=(run,),
        kpis=tuple(ledger.name for ledger in found),
        at=np.array(times, dtype=np.int64)[:, None],
        step=step,
        weight=weight,
        counts=counts,
    )


def _before(entries: Iterable[Entry], weights: Sequence[int]) -> Iterator[Entry]:
    """The entries before everything moved."""
    return takewhile(lambda entry: entry.weight < 100 or weights[entry.step - 1] == 100, entries)
