"""On what terms a spec's KPIs are judged where there is no operator to say it."""

from dataclasses import replace

import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.kpi import Kpi
from trimtab.cli.release.series import NO_DATA, Series
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.evidence import terms
from trimtab.domain.release.evidence.expectation import chosen, likely_share
from trimtab.domain.release.evidence.terms import Compare, Ints, Terms
from trimtab.domain.release.judging.opinions import success_rate
from trimtab.domain.release.stages import stages

COMPARE = {"SLO": Compare.SLO, "Stable": Compare.STABLE, "Both": Compare.BOTH}
FIRST = 3
"""Ticks with data by which the traffic is known, where nothing was recorded before the release."""


def counting(spec: CanaryReleaseSpec) -> tuple[Kpi, ...]:
    """The KPIs that count: requests and counters."""
    return tuple(kpi for kpi in spec.kpis if success_rate(kpi))


def terms_of(spec: CanaryReleaseSpec, compare: list[Compare], *, targets: int = 1, tick: float | None = None) -> Terms:
    """A row for each counting KPI of each target, `compare` by row; `tick` in seconds, the spec's if None."""
    shares = [success_rate(kpi) for kpi in counting(spec)] * targets
    sticky = spec.traffic.affinity is not None or spec.traffic.provider == "Replicas"
    return terms.of(
        spec.analysis,
        shares,
        compare=compare,
        tick=tick or seconds(spec.analysis.interval),
        kpis=len(shares),
        least_dispersion=terms.SESSION_DISPERSION if sticky else terms.LEAST_DISPERSION,
    )


def terms_of_series(spec: CanaryReleaseSpec, series: Series) -> Terms:
    """The terms of each KPI of each run, side by side. Auto is decided by the first ticks of each run."""
    tick = _length(series) or seconds(spec.analysis.interval)
    kpis = len(series.kpis)
    of_one = terms_of(spec, [COMPARE.get(spec.analysis.compare_to, Compare.BOTH)] * kpis, tick=tick)
    rows = of_one.rows(np.tile(np.arange(kpis), len(series.runs)))
    if spec.analysis.compare_to != "Auto":
        return rows
    return replace(rows, compare=_chosen(spec, series, rows, tick))


def _chosen(spec: CanaryReleaseSpec, series: Series, rows: Terms, tick: float) -> Ints:
    """What Auto stands for, by the first ticks with data of each KPI of each run."""
    known = (series.counts[..., 0] != NO_DATA) & (series.counts[..., 3] != NO_DATA)
    first = known & (np.cumsum(known, axis=0) <= FIRST)
    sums = np.where(first[..., None], series.counts, 0).sum(axis=0).reshape(-1, 6)
    ticks = np.maximum(first.sum(axis=0).reshape(-1), 1)
    return chosen(
        rows,
        rate=(sums[:, 0] + sums[:, 3]) / (ticks * tick),
        share=likely_share(sums[:, 3], sums[:, 4], rows),
        weight=np.full(len(sums), last_weight(spec)),
        deadline=seconds(spec.analysis.deadline),
    )


def last_weight(spec: CanaryReleaseSpec) -> float:
    """The share of requests that the last step gives the candidate, 0 to 1."""
    return stages(spec.strategy)[-1].weight / 100


def _length(series: Series) -> float:
    """The usual length of a tick in seconds, 0 if no run has two."""
    lengths = np.diff(series.at, axis=0)[series.present[1:]]
    return float(np.median(lengths)) if lengths.size else 0.0
