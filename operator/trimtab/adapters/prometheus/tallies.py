"""Series of one scraped process become one count per scrape: what it had counted since it started. Pure.

All series of a scrape share its timestamp. One that is absent from a scrape was not counted yet, or its process forgot
it: it keeps what it had. One that falls alone is no restart of the process, and adds nothing at that moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trimtab.adapters.prometheus.sources import Part
from trimtab.domain.release.counters import Sample
from trimtab.domain.release.meters import Count, Tally


@dataclass(slots=True)
class _Line:
    """One series on its way through the scrapes. `value` as exported, `lost` what it fell by without a restart."""

    part: Part
    samples: dict[float, float]
    value: float = field(default=0.0)
    lost: float = field(default=0.0)

    def take(self, at: float, *, restarted: bool) -> None:
        if restarted:
            self.value = self.lost = 0.0
        if (value := self.samples.get(at)) is not None:
            self.lost += max(self.value - value, 0.0)
            self.value = value


def tally(instance: str, series: Iterable[tuple[Part, Sequence[Sample]]]) -> Tally:
    """The counts of a process, at the moments at which any series of its total was scraped."""
    lines = [_Line(part, dict(samples)) for part, samples in series]
    totals = [line for line in lines if line.part.total]
    moments = sorted({at for line in totals for at in line.samples})
    counts = []
    for at in moments:
        restarted = _restarted(totals, at)
        for line in lines:
            line.take(at, restarted=restarted)
        counts.append(_count(lines, at))
    return Tally(instance=instance, counts=tuple(counts))


def _restarted(totals: Sequence[_Line], at: float) -> bool:
    """Whether the process began anew: what was exported before and still is fell, and not by one series alone."""
    known = [(line.value, line.samples[at]) for line in totals if line.value > 0 and at in line.samples]
    fell = sum(now < before for before, now in known)
    return 2 * fell >= len(known) > 0 and sum(now for _, now in known) < sum(before for before, _ in known)


def _count(lines: Sequence[_Line], at: float) -> Count:
    total = sum(line.part.total * (line.value + line.lost) for line in lines)
    bad = sum(line.part.bad * (line.value + line.lost) for line in lines)
    return Count(at=at, total=total, bad=max(bad, 0.0))
