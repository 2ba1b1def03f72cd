"""The rows of a release's judgement: each of its KPIs with each of its targets, and what is asked of the store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.api.kpi import Kpi
from trimtab.domain import names
from trimtab.domain.release.counting import starts
from trimtab.domain.release.counting.meters import Connections, Measure, Meter
from trimtab.domain.release.counting.question import Counter, Question
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.effect import answer, in_place, ready_pods
from trimtab.domain.release.judging import measures
from trimtab.domain.release.judging.kpistate import KpiState, of_text
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.state import Leg, Phase, State

JUDGED = (Phase.STEPPING, Phase.PROMOTING, Phase.MOVING, Phase.WATCHING)
"""Phases in which what is counted can still change the release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One KPI of one target.

    `last`: the last step was entered, so that there may be promotion; `passed`: it has passed. `compared`: requests are
    divided at random between both revisions. `weight`: the candidate's effective share of them, 0 to 1. `question` is
    what is asked of the store; None while no weight is in force.
    """

    target: str
    kpi: Kpi
    state: KpiState
    last: bool
    passed: bool
    compared: bool
    weight: float
    question: Question | None


def rows(state: State, look: Look) -> Iterator[Row]:
    """All rows of KPIs that need the store."""
    known = {(each["target"], each["name"]): each for each in _live(look).get("kpis") or ()}
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is None:
            continue
        for kpi in look.spec.kpis:
            if kpi.pods is None:
                yield _row(state, look, leg, service, kpi, known.get((leg.name, kpi.name), {}))


def in_step(known: KpiState, state: State, look: Look, leg: Leg) -> KpiState:
    """What is known, with nothing counted yet if the step is new; after the steps it stays what decided."""
    return known.in_step(_step(state, leg), length(look)) if state.phase is Phase.STEPPING else known


def length(look: Look) -> float:
    """Seconds of a tick."""
    return max(look.interval, look.observation.scrape)


def arrival_question(look: Look, leg: Leg) -> Question | None:
    """What tells in which shares requests arrive; None where the proxies cannot tell, or nothing is divided."""
    service = look.services.get(leg.name)
    if service is None or leg.since is None or not measures.shares_known(look):
        return None
    if not _compared(leg, service) or not in_place(leg, service):
        return None
    candidate, stable = measures.arms(leg, look)
    if measures.routed(leg):
        return _asked(look, leg, service, candidate, stable)
    return _asked(look, leg, service, Meter(candidate, Connections()), Meter(stable, Connections()))


def effective(leg: Leg, service: Service) -> float:
    """The candidate's share of the requests that is in force, 0 to 1."""
    echo = answer(leg, service)
    return echo.weight / 100 if echo is not None else 0.0


def _live(look: Look) -> Mapping[str, Any]:
    return look.observation.resource.get("status") or {}


def _row(state: State, look: Look, leg: Leg, service: Service, kpi: Kpi, live: Mapping[str, Any]) -> Row:
    known = of_text(live.get("evidence", ""), live.get("ledger", ""))
    about = _about(look, kpi, measures.measure(kpi, look.spec, service.resource))
    if known.release != state.release:
        known = KpiState(release=state.release, about=about)
    if known.about != about:
        known = KpiState(release=state.release, about=about, cursor=known.cursor, ledger=known.ledger)
    in_last = state.stage == len(look.stages) - 1 and state.entered
    return Row(
        target=leg.name,
        kpi=kpi,
        state=in_step(known, state, look, leg),
        last=state.phase is not Phase.STEPPING or in_last,
        passed=state.phase is not Phase.STEPPING,
        compared=_compared(leg, service),
        weight=effective(leg, service),
        question=_question(look, leg, service, kpi),
    )


def warm(row: Row, at: float) -> bool:
    """Whether each judged revision had a pod by then, by the store's clock, that was old enough to count."""
    question = row.question
    if question is None:
        return False
    starts_ = [question.pods(counter).values() for counter in question.judged]
    return all(any(start + question.warmup <= at for start in of_revision) for of_revision in starts_)


def _about(look: Look, kpi: Kpi, measured: Measure | None) -> str:
    """A digest of all that evidence rests on: where that changes in the midst of a release, it begins anew."""
    analysis = look.spec.analysis
    declared = kpi.model_dump(mode="json", exclude={"name"})
    terms = [analysis.floor, analysis.tolerance, length(look)] if kpi.gauge is None else []
    return names.digest(names.canonical([declared, repr(measured), *terms]))


def _step(state: State, leg: Leg) -> str:
    """What tells the counts of one step from those of another: its number, and the weight that was in force."""
    return f"{state.stage}@{leg.order.weight if leg.order else 0}"


def _compared(leg: Leg, service: Service) -> bool:
    """Whether requests are divided at random between two revisions that both serve."""
    order = leg.order
    if order is None or order.matched or order.mirror:
        return False
    return 0 < effective(leg, service) < 1 and bool(ready_pods(service, leg.stable))


def _question(look: Look, leg: Leg, service: Service, kpi: Kpi) -> Question | None:
    measured = measures.measure(kpi, look.spec, service.resource)
    if measured is None or leg.since is None or leg.order is None:
        return None
    candidate, stable = (Meter(arm, measured) for arm in measures.arms(leg, look))
    beside = effective(leg, service) < 1 and bool(ready_pods(service, leg.stable))
    return _asked(look, leg, service, candidate, stable if beside else None)


def _asked(look: Look, leg: Leg, service: Service, candidate: Counter, stable: Counter | None) -> Question:
    return Question(
        candidate=candidate,
        stable=stable,
        mark=leg.since or 0.0,
        interval=look.interval,
        scrape=look.observation.scrape,
        warmup=seconds(look.spec.analysis.warmup),
        starts=starts.of(service.pods),
    )
