"""From a step to the whole status of a CanaryRelease, the Events and the outcome of one reconcile."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.domain.plan import Event, Report
from trimtab.domain.release import narration
from trimtab.domain.release.eta import remaining
from trimtab.domain.release.judging import kpi_report
from trimtab.domain.release.look import Look
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.state import Leg, Note, Phase, State, progress_of
from trimtab.domain.release.step import Step
from trimtab.domain.release.verdicts import judged, worst
from trimtab.domain.release.waiting import blockers
from trimtab.domain.service.waiting import rendered
from trimtab.domain.status import Condition, condition, conditions, timestamp, without_empty

_MAX_EVENT = 1024


def report(observation: Observation, step: Step, now: datetime) -> Report:
    """The whole status after the step; it is to be written, if it differs, under the observed resourceVersion."""
    state, look = step.state, step.look
    note = narration.note(state, look)
    live = observation.resource.get("status") or {}
    generation = observation.resource["metadata"].get("generation", 0)
    status = without_empty(
        {
            **_kept(state),
            **_shown(state, look, note),
            "waitingFor": rendered(blockers(state, look, note), live.get("waitingFor", ()), now),
            "observedGeneration": generation,
            "conditions": conditions(_conditions(note), live.get("conditions", ()), generation, now),
        }
    )
    return Report(status=status, events=tuple(_events(state, note, live)), outcome=_outcome(note, step.after))


def invalid(resource: Object, message: str, now: datetime) -> Report:
    """The report on a CanaryRelease whose spec does not parse (an older or a newer CRD): Ready=False `InvalidSpec`."""
    live = resource.get("status") or {}
    note = Note(phase="Stalled", reason=Reason.INVALID_SPEC, message=message)
    generation = resource["metadata"].get("generation", 0)
    status = {
        **live,
        "phase": note.phase,
        "observedGeneration": generation,
        "conditions": conditions(_conditions(note), live.get("conditions", ()), generation, now),
    }
    return Report(status=status, events=tuple(_refusals(note, live)), outcome=Stalled(reason=str(note.reason)))


def _kept(state: State) -> dict[str, Any]:
    """What the machine remembers, `targets` apart."""
    return {
        "progress": progress_of(state),
        "verb": state.verb,
        "history": [dict(each) for each in state.history],
        "notices": [dict(each) for each in state.notices],
        "releaseID": state.release,
        "queuedAt": state.ticket if state.phase in (Phase.SETTLING, Phase.QUEUED) else None,
    }


def _shown(state: State, look: Look, note: Note) -> dict[str, Any]:
    """What people read."""
    judgements = judged(state, look) if state.begun else ()
    least = worst(judgements)
    left = remaining(state, look)
    steps = len(look.stages)
    step = min(state.stage + 1, steps) if state.begun else 0
    first = next(iter(state.moving or state.legs), None)
    return {
        "phase": note.phase,
        "step": step,
        "steps": steps,
        "position": f"{step}/{steps}" if step else "",
        "weight": _percent(first.order.weight) if first and first.order and first.candidate else "",
        "effectiveWeight": _effective(first, look) if first else "",
        "stable": narration.revisions(state, look, "stable"),
        "candidate": narration.revisions(state, look, "candidate"),
        "verdict": least.verdict.result if least else None,
        "targets": [without_empty(_target(leg, look, state)) for leg in state.legs],
        "kpis": kpi_report.entries(state, look),
        "eta": timestamp(datetime.fromtimestamp(state.at + left, UTC)) if left is not None and state.at else None,
    }


def _percent(share: float) -> str:
    return f"{share:.3g}%" if share else ""


def _effective(leg: Leg, look: Look) -> str:
    """What is in effect, whichever order it answers: a new one changes nothing before it is carried out."""
    service = look.services.get(leg.name)
    echo = service.echo if service is not None else None
    return _percent(echo.weight) if echo is not None and leg.candidate else ""


def _target(leg: Leg, look: Look, state: State) -> dict[str, Any]:
    sticky = look.spec.traffic.affinity is not None
    service = look.services[leg.name]
    rejected = leg.rejected
    return {
        "name": leg.name,
        "stable": leg.stable,
        "candidate": leg.candidate,
        "stableVersion": service.version(leg.stable) if leg.stable else "",
        "version": service.version(leg.candidate) if leg.candidate else "",
        "order": leg.order.to_status() if leg.order else None,
        "rejected": without_empty(
            {
                "revision": rejected.revision,
                "reason": rejected.reason,
                "message": rejected.message,
                "at": rejected.at,
            }
        )
        if rejected
        else None,
        "weight": _percent(leg.order.weight) if leg.order and leg.candidate else "",
        "effectiveWeight": _effective(leg, look),
        "message": narration.target(leg, service, sticky=sticky) if leg.candidate and state.begun else "",
        "arrivals": look.observation.arrivals.get(leg.name) if leg.candidate and state.begun else None,
    }


_READY = frozenset({"Idle", "Promoted"})
_STALLED = frozenset({"Aborted", "Stalled"})


def _conditions(note: Note) -> Iterator[Condition]:
    """Ready always, Reconciling and Stalled only while True (kstatus), and what holds the release."""
    ready = note.phase in _READY
    yield Condition(type="Ready", status="True" if ready else "False", reason=note.reason, message=note.message)
    if note.phase in _STALLED:
        yield Condition(type="Stalled", status="True", reason=note.reason, message=note.message)
    elif not ready:
        yield Condition(type="Reconciling", status="True", reason=note.reason, message=note.message)
    if note.held is not None:
        yield Condition(type="Held", status="True", reason=note.held, message=note.message)


def _events(state: State, note: Note, live: Mapping[str, Any]) -> Iterator[Event]:
    for news in state.news:
        message = news.message[:_MAX_EVENT]
        yield Event(type="Warning" if news.warning else "Normal", reason=str(news.reason), message=message)
    if note.phase == "Stalled":
        yield from _refusals(note, live)


def _refusals(note: Note, live: Mapping[str, Any]) -> Iterator[Event]:
    """Once, when the state begins."""
    if condition(live, "Ready").get("reason") != note.reason:
        yield Event(type="Warning", reason=str(note.reason), message=note.message[:_MAX_EVENT])


def _outcome(note: Note, after: float | None) -> Outcome:
    if after is not None:
        return Waiting(after=after, reason=str(note.reason))
    return Stalled(reason=str(note.reason)) if note.phase in _STALLED else Done()
