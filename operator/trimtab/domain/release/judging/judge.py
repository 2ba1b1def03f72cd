"""The judgement of a release: from what the metrics store has to a verdict for each KPI, before the state machine.

All that is remembered from one look to the next is in the status. What is counted is a function of what the store
holds, so that it does not matter when, or by which operator, it is looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from trimtab.domain.release.counting.closing import Carry, Counted, closed
from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.question import silence, unread
from trimtab.domain.release.counting.ticks import LONGEST, SCRAPES, Ticks
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.evidence import terms
from trimtab.domain.release.evidence.terms import LEAST_DISPERSION, SESSION_DISPERSION, Compare, Terms
from trimtab.domain.release.judging import opinions
from trimtab.domain.release.judging.absorbing import Course, absorbed
from trimtab.domain.release.judging.divided import divided, divided_until, kept
from trimtab.domain.release.judging.gauges import measured
from trimtab.domain.release.judging.kpistate import KpiState, of_text
from trimtab.domain.release.judging.measures import routed
from trimtab.domain.release.judging.rows import JUDGED, Row, length, rows
from trimtab.domain.release.look import Look, looking
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.state import Phase, State, of_status

_ASKED = (Phase.STEPPING, Phase.WATCHING)
"""Phases that go on only while what is counted is good."""

_COMPARE = {"SLO": Compare.SLO, "Stable": Compare.STABLE, "Both": Compare.BOTH}


def judge(observation: Observation, now: datetime) -> Observation:
    """The observation with a verdict, and what is remembered, for each KPI that needs the store."""
    state = of_status(observation.resource.get("status") or {})
    if not state.begun:
        return observation
    look = looking(observation, state, now)
    known = list(rows(state, look))
    arrivals, reading = kept(look), observation.reading
    if reading is not None and _judged(state, look):
        arrivals, mismatched = divided(state, look, reading)
        known = list(_read(known, state, look, reading, mismatched))
    verdicts = {
        (row.target, row.kpi.name): opinions.verdict(row.kpi, row.state, look, asked=state.phase in _ASKED)
        for row in known
    }
    return replace(
        observation,
        kpis={(row.target, row.kpi.name): row.state for row in known},
        arrivals=arrivals,
        verdicts={**verdicts, **observation.verdicts},
    )


def pending(observation: Observation) -> bool:
    """Whether there may be something new to judge, which takes its time."""
    status, reading = observation.resource.get("status") or {}, observation.reading
    state = of_status(status)
    if reading is None or state.phase not in JUDGED or all(leg.since is None for leg in state.moving):
        return False
    ticks = Ticks.of(seconds(observation.spec.analysis.interval), observation.scrape)
    until = ticks.end(ticks.over(round(1000 * reading.at))) / 1000
    cursors = [of_text(each.get("evidence", "")).cursor for each in status.get("kpis") or ()]
    return any(cursor is None or cursor < until for cursor in cursors)


def counted_until(observation: Observation, state: State, look: Look) -> float | None:
    """The store's time up to which all that a release asks was counted; None if there is no need to look further back.

    What fails for longer than a reading can reach back is no reason for long readings any more.
    """
    if not _judged(state, look):
        return None
    marks = {leg.name: leg.since for leg in state.moving if leg.since is not None}
    counted = (
        (max(known.cursor or 0.0, marks[target]), known.failed_at)
        for (target, _), known in observation.kpis.items()
        if target in marks
    )
    within = [until for until, failed_at in counted if failed_at - until < LONGEST]
    return min((*within, *divided_until(state, look, observation.arrivals))) if within else None


def _judged(state: State, look: Look) -> bool:
    return state.phase in JUDGED and not look.spec.suspend and look.observation.source


def _read(
    known: Sequence[Row], state: State, look: Look, reading: Reading, mismatched: Mapping[str, bool]
) -> Iterator[Row]:
    """The rows after a reading, in their order."""
    heard = [replace(row, state=_heard(row, reading, look)) for row in known]
    counting = [row for row in heard if opinions.success_rate(row.kpi)]
    ticks = [_ticks(row, reading) for row in counting]
    if any(ticks):
        on, course = _terms(counting, state, look), _course(state, look)
        states = absorbed(counting, ticks, on, [mismatched.get(row.target, False) for row in counting], course)
        counting = [replace(row, state=after) for row, after in zip(counting, states, strict=True)]
    following = iter(counting)
    for row in heard:
        yield next(following) if opinions.success_rate(row.kpi) else replace(row, state=measured(row, reading))


def _heard(row: Row, reading: Reading, look: Look) -> KpiState:
    """With what the reading says of itself: that it failed, or since when nothing was heard of the pods."""
    state, question = replace(row.state, compare=_compare(row, look)), row.question
    if question is None:
        return state
    if why := unread(reading, question):
        return state.unread(reading.at, why)
    heard = max(state.heard, reading.at - silence(reading, question), question.mark)
    silent = int(reading.at - heard)
    patience = SCRAPES * (look.observation.scrape or length(look))
    return replace(state.read(), heard=heard, silent=silent if silent >= patience else 0)


def _ticks(row: Row, reading: Reading) -> tuple[Counted, ...]:
    if row.question is None:
        return ()
    since = row.question.mark if row.state.cursor is None else row.state.cursor
    return closed(reading, row.question, since, Carry(*row.state.carry))


def _compare(row: Row, look: Look) -> int:
    """What promotion needs proof of; 0 while the traffic is yet to choose."""
    asked = look.spec.analysis.compare_to
    if asked != "Auto":
        return _COMPARE[asked]
    return row.state.compare if _split(look) else Compare.SLO


def _split(look: Look) -> bool:
    """Whether the last step divides requests at random between both revisions."""
    return 0 < look.stages[-1].weight < 100


def _terms(counting: Sequence[Row], state: State, look: Look) -> Terms:
    whole = [kpi for kpi in look.spec.kpis if opinions.success_rate(kpi)]
    sticky = look.spec.traffic.affinity is not None or not all(routed(leg) for leg in state.moving)
    return terms.of(
        look.spec.analysis,
        [opinions.success_rate(row.kpi) for row in counting],
        compare=[Compare(row.state.compare or Compare.BOTH) for row in counting],
        tick=length(look),
        kpis=len(whole) * len(state.moving),
        least_dispersion=SESSION_DISPERSION if sticky else LEAST_DISPERSION,
    )


def _course(state: State, look: Look) -> Course:
    return Course(
        auto=look.spec.analysis.compare_to == "Auto" and _split(look),
        weight=look.stages[-1].weight / 100,
        deadline=seconds(look.spec.analysis.deadline),
        began=datetime.fromisoformat(state.started).timestamp() if state.started else 0.0,
        step=min(state.stage + 1, len(look.stages)),
    )
