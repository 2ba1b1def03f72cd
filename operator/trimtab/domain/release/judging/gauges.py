"""KPIs that are gauges: in bounds or not, tick by tick, without any statistics."""

from dataclasses import replace

from trimtab.api.kpi import Gauge
from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.levels import levelled
from trimtab.domain.release.judging.kpistate import KpiState
from trimtab.domain.release.judging.rows import Row

ENOUGH = 3
"""Ticks in a row that decide."""


def in_bounds(gauge: Gauge, value: float) -> bool:
    """Whether a value is a good one."""
    if gauge.max is not None:
        return value <= float(gauge.max)
    return gauge.min is None or value >= float(gauge.min)


def run_after(run: int, good: bool) -> int:
    """How many ticks in a row were in bounds, or, negative, out of bounds; at most as many as decide."""
    following = max(run, 0) + 1 if good else min(run, 0) - 1
    return max(-ENOUGH, min(ENOUGH, following))


def bound(gauge: Gauge) -> str:
    """The bound for people."""
    return f"at most {gauge.max}" if gauge.max is not None else f"at least {gauge.min}"


def measured(row: Row, reading: Reading) -> KpiState:
    """What is known of a gauge after a reading, up to the tick that decides against the candidate."""
    gauge, question, state = row.kpi.gauge, row.question, row.state
    if gauge is None or question is None:
        return state
    since = question.mark if state.cursor is None else state.cursor
    for each in levelled(reading, question, since, gauge.aggregate):
        state = replace(state, cursor=each.end, stale=state.stale + 1)
        good = each.candidate is not None and in_bounds(gauge, each.candidate)
        if each.candidate is None or (not good and question.stable is not None and each.stable is None):
            continue  # nobody knows whether stable is as bad
        run = run_after(state.run, good)
        stable = "" if each.stable is None else f"{each.stable:.6g}"
        state = replace(state, run=run, stale=0, fresh=state.fresh + 1, levels=(f"{each.candidate:.6g}", stable))
        if broken(gauge, state):
            break
    return state


def broken(gauge: Gauge, state: KpiState) -> bool:
    """Whether the candidate is out of bounds for long enough, and stable is not."""
    if state.run > -ENOUGH:
        return False
    return not state.levels[1] or in_bounds(gauge, float(state.levels[1]))
