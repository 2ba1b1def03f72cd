"""Series of one scraped process become one count per scrape: what it had counted since it started. Pure.

All series of a scrape share its timestamp. One that is absent from a scrape was not counted yet, or its process forgot
it: it keeps what it had. One that falls alone is no restart of the process, and adds nothing at that moment.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from trimtab.adapters.prometheus.sources import Part
from trimtab.domain.release.counting.counters import Sample
from trimtab.domain.release.counting.meters import Count, Tally


def tally(instance: str, series: Iterable[tuple[Part, Sequence[Sample]]]) -> Tally:
    """The counts of a process, at the moments at which any series of its total was scraped.

    Raises ValueError if the others have other moments: then they cannot be counted together.
    """
    lines = [(part, dict(samples)) for part, samples in series]
    totals = [line for part, line in lines if part.total]
    moments = sorted(set().union(*totals))
    if any(_apart(line, moments) for _, line in lines):
        raise ValueError("its series have different timestamps, so they cannot be counted together")
    restarts = _restarts(totals, moments)
    total, bad = [0.0] * len(moments), [0.0] * len(moments)
    for part, line in lines:
        for number, level in enumerate(_levels(line, moments, restarts)):
            total[number] += part.total * level
            bad[number] += part.bad * level
    counts = (Count(at, of, max(failed, 0.0)) for at, of, failed in zip(moments, total, bad, strict=True))
    return Tally(instance=instance, counts=tuple(counts))


def _apart(line: dict[float, float], moments: Sequence[float]) -> bool:
    """Whether a series was scraped while the others were, but never at the same moment."""
    return sum(moments[0] < at < moments[-1] for at in line) > 1 and not line.keys() & moments if moments else False


def _levels(line: dict[float, float], moments: Sequence[float], restarts: set[float]) -> list[float]:
    """What a series had counted at each moment: as exported, and what it fell by without a restart."""
    levels, value, lost = [], 0.0, 0.0
    for at in moments:
        if at in restarts:
            value = lost = 0.0
        if (now := line.get(at)) is not None:
            lost += max(value - now, 0.0)
            value = now
        levels.append(value + lost)
    return levels


def _restarts(totals: Sequence[dict[float, float]], moments: Sequence[float]) -> set[float]:
    """When the process began anew: what was exported before and still is fell, and not by one series alone."""
    restarts: set[float] = set()
    if not any(later < earlier for line in totals for earlier, later in pairwise(line.values())):
        return restarts
    values = [0.0] * len(totals)
    for at in moments:
        known = [(before, line[at]) for before, line in zip(values, totals, strict=True) if before > 0 and at in line]
        fell = sum(now < before for before, now in known)
        if 2 * fell >= len(known) > 0 and sum(now for _, now in known) < sum(before for before, _ in known):
            restarts.add(at)
            values = [0.0] * len(totals)
        values = [line.get(at, before) for before, line in zip(values, totals, strict=True)]
    return restarts
