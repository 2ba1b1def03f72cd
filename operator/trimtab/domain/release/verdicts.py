"""From the verdicts of the KPIs to: pass, hold, or abort."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trimtab.api.kpi import Kpi
from trimtab.api.reasons import Reason
from trimtab.domain.release import pods_kpi
from trimtab.domain.release.durations import seconds, spoken
from trimtab.domain.release.effect import answer
from trimtab.domain.release.judging import opinions
from trimtab.domain.release.judging.kpistate import KpiState
from trimtab.domain.release.judging.rows import in_step
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.observation import Verdict
from trimtab.domain.release.state import Leg, State
from trimtab.domain.service.blockers import cause, of_pods

_ORDER = ("Fail", "ProviderError", "Insufficient", "Pass")
"""The least favourable first."""

_UNDECIDED = frozenset({Reason.TOO_LITTLE_TRAFFIC, Reason.NOT_YET_PROVEN})
"""What a deadline may turn into a pass: evidence that does not suffice, never its absence or the contrary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one KPI says of one target."""

    target: str
    kpi: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a release is aborted."""

    reason: Reason
    message: str


def judged(state: State, look: Look) -> tuple[Judgement, ...]:
    """All verdicts on what is being released."""
    return tuple(_judged(state, look))


def _judged(state: State, look: Look) -> Iterator[Judgement]:
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is None:
            continue
        for kpi in look.spec.kpis:
            yield Judgement(target=leg.name, kpi=kpi.name, verdict=_of_kpi(kpi, leg, service, state, look))


def _of_kpi(kpi: Kpi, leg: Leg, service: Service, state: State, look: Look) -> Verdict:
    if kpi.pods is not None:
        return pods_kpi.verdict(leg, service, kpi.pods.max_restarts)
    known = look.observation.kpis.get((leg.name, kpi.name))
    found = look.observation.verdicts.get((leg.name, kpi.name))
    if found is None:
        return opinions.verdict(kpi, KpiState(), look)
    if known is None or found.result == "Fail" or (now := in_step(known, state, look, leg)).step == known.step:
        return found
    return opinions.verdict(kpi, now, look)


def worst(judgements: Sequence[Judgement]) -> Judgement | None:
    """The least favourable one, the first of several; None without any."""
    return min(judgements, key=lambda each: _ORDER.index(each.verdict.result), default=None)


def summary(state: State, look: Look) -> str:
    """What every KPI says, with its numbers; targets are named where there are several."""
    several = len(state.moving) > 1
    said = ((f"{each.target}: " if several else "", each) for each in judged(state, look))
    return "; ".join(f"{target}{each.kpi}: {each.verdict.message}" for target, each in said)


def fatal(state: State, look: Look) -> Cause | None:
    """What ends the release at once, whatever else holds."""
    ready_within = seconds(look.spec.analysis.ready_within)
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is None:
            continue
        echo = answer(leg, service)
        if echo is not None and echo.failure:
            return Cause(reason=_known(echo.failure), message=f"{leg.name}: {echo.message or echo.failure}")
        if echo is not None and leg.unready >= ready_within:
            missing = f"{echo.candidate_ready} of {echo.candidate_wanted} pods were ready within {spoken(ready_within)}"
            return Cause(reason=Reason.NOT_READY_WITHIN, message=f"{leg.name}: {missing}{_why(leg, service)}")
    if state.unjudged:
        return None
    for each in judged(state, look):
        if each.verdict.result == "Fail":
            reason = each.verdict.reason
            return Cause(reason=reason, message=f"{each.target}: KPI {each.kpi}: {each.verdict.message}")
    return None


def _known(failure: str) -> Reason:
    return next((reason for reason in Reason if reason == failure), Reason.NOT_SUPPORTED)


def _why(leg: Leg, service: Service) -> str:
    blocker = cause(of_pods(service.pods))
    return f": {blocker.message}" if blocker else ""


def missing(state: State, look: Look, *, overdue: bool, traffic: bool) -> Judgement | None:
    """The verdict that keeps a stage from passing once its time is up; None if every KPI has passed.

    A stage without `traffic` is judged by its pods alone. After the deadline, `onInconclusive: Promote` takes evidence
    that does not suffice for a pass, never its absence.
    """
    of_pods_only = {kpi.name for kpi in look.spec.kpis if kpi.pods is not None}
    lenient = overdue and look.spec.analysis.on_inconclusive == "Promote"
    found = [each for each in judged(state, look) if each.verdict.result != "Pass"]
    return worst(
        [each for each in found if (traffic or each.kpi in of_pods_only) and not (lenient and _undecided(each))]
    )


def _undecided(judgement: Judgement) -> bool:
    return judgement.verdict.result == "Insufficient" and judgement.verdict.reason in _UNDECIDED
