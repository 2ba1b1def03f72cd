"""From what was observed, planned and refused to the status, the Events and the outcome of one reconcile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.domain.plan import Event, Failure, Plan, Report
from trimtab.domain.service import health, inventory, revision, runs, serving, waiting
from trimtab.domain.service.aiming import arranged, replicas
from trimtab.domain.service.arrangement import Arrangement
from trimtab.domain.service.autoscaling import scaling_active
from trimtab.domain.service.blockers import Blocker
from trimtab.domain.service.decide import Reasoning, decided
from trimtab.domain.service.decision import Decision
from trimtab.domain.service.exposure import entrance_kind, exposed
from trimtab.domain.service.health import Verdict
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.released import released
from trimtab.domain.service.rollout import Rollout, rollout
from trimtab.domain.status import Condition, condition, conditions, without_empty

_SECRET_POLL = 5.0
"""Seconds between two looks at a Secret that something waits for (design: ServiceBinding)."""

_REFUSED_POLL = 60.0
"""Seconds after which a refused child is tried again: what refused it is not watched."""

_LOG_POLL = 5.0
"""Seconds between two looks for the log of a Job that failed."""

_QUIET = frozenset(
    {
        Reason.AVAILABLE,
        Reason.SCALED_TO_ZERO,
        Reason.SUSPENDED,
        Reason.ROLLING_OUT,
        Reason.NOT_READY,
        Reason.MIGRATION_RUNNING,
        Reason.BINDING_NOT_READY,
    }
)
"""Reasons of Ready that are no news; all others become a Warning when they first appear."""

_DECIDED = ("revision", "history", "jobs", "verb", "version", "release", "rejectedRevisions")
"""Fields of the status that stay as they are while nothing is decided."""

_AWAITED = Waiting(after=5.0, reason="an older state of the CanaryRelease was seen")

_CHECKED = Waiting(after=30.0, reason="an order is being carried out")
"""Orders move by events; the look without one is the cure for a lost event."""

_FROZEN = "suspended: nothing is changed until spec.suspend is false"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the parts of a report are made from. `decision` is None while nothing is decided."""

    observation: Observation
    owner: Identity
    status: Mapping[str, Any]
    reasoning: Reasoning
    failures: Sequence[Failure]
    deployment: Object | None
    arrangement: Arrangement | None
    rollout: Rollout
    blockers: Sequence[Blocker]
    aspects: Sequence[Condition]


def report(observation: Observation, plan: Plan, failures: Iterable[Failure], now: datetime) -> Report:
    """The whole status after the plan was executed; `failures` are the effects that the API server refused.

    `observation` may be a fresh look, taken after the effects; its resource carries the status that `plan.intent` left
    behind, if there was an intent. Compare the result with that by `trimtab.domain.status.same`.
    """
    if "deletionTimestamp" in observation.resource["metadata"]:
        return Report(status=observation.resource.get("status") or {}, events=(), outcome=Done())
    if not isinstance(plan.decision, Reasoning):
        raise TypeError("the plan was not made by trimtab.domain.service.decide")
    if plan.decision.stale:
        return Report(status=observation.resource["status"], events=(), outcome=_AWAITED)
    if plan.decision.lacking:
        return _waiting(observation.resource, plan.decision.lacking, now)
    look = _look(observation, plan.decision, tuple(failures))
    verdict = _verdict(look)
    status = _status(look, verdict, now)
    return Report(
        status=status, events=tuple(_events(look, verdict, status)), outcome=_outcome(look, verdict, status, now)
    )


def invalid(resource: Object, message: str, now: datetime) -> Report:
    """The report on a Microservice whose spec does not parse (an older or a newer CRD): Ready=False `InvalidSpec`."""
    live = resource.get("status") or {}
    trio = _trio(Verdict(ready=False, reason=Reason.INVALID_SPEC, message=message, stalled=True))
    generation = resource["metadata"].get("generation", 0)
    status = {
        **live,
        "observedGeneration": generation,
        "conditions": conditions(trio, live.get("conditions", ()), generation, now),
    }
    news = condition(live, "Ready").get("reason") != Reason.INVALID_SPEC
    event = Event(type="Warning", reason=str(Reason.INVALID_SPEC), message=message)
    return Report(status=status, events=(event,) if news else (), outcome=Stalled(reason=str(Reason.INVALID_SPEC)))


def _waiting(resource: Object, message: str, now: datetime) -> Report:
    """Nothing can be done until that is there; all else stays as it was said to be."""
    live = resource.get("status") or {}
    generation = resource["metadata"].get("generation", 0)
    said = Condition(type="Released", status="False", reason=Reason.RELEASE_IN_PROGRESS, message=message)
    others = [each for each in live.get("conditions", ()) if each["type"] != said.type]
    found = conditions([said], live.get("conditions", ()), generation, now)
    status = {**live, "conditions": [*others, *found]}
    return Report(status=status, events=(), outcome=Waiting(after=5.0, reason=message))


def _look(observation: Observation, reasoning: Reasoning, failures: tuple[Failure, ...]) -> _Look:
    owner = identity_of(observation.resource)
    decision = reasoning.decision
    arrangement = arranged(observation, decision) if decision is not None else None
    deployment = serving.deployment(owner, observation, serving.bearer(owner, observation, arrangement))
    if arrangement is not None:
        name, wanted = revision.of_deployment(deployment), arrangement.echo.wanted
    elif decision is not None:
        name, wanted = decision.applied.name if decision.applied else "", replicas(observation)
    else:
        wanted = deployment["spec"].get("replicas", 1) if deployment is not None else 0
        name = revision.of_deployment(deployment)
    progress = rollout(deployment, observation.pods, name, wanted)
    aspects = tuple(_aspects(owner, observation))
    blockers = [*waiting.of_failures(failures)]
    if decision is not None:
        blockers += decision.awaited
    if decision is not None and _is_held(decision):
        blockers += health.of_holding_job(observation, decision)
    blockers += health.of_missing_secrets(observation, deployment)
    if not progress.complete:
        blockers += health.of_workload(observation, deployment, name)
    blockers += waiting.of_aspects(owner.name, entrance_kind(observation.spec), aspects)
    return _Look(
        observation=observation,
        owner=owner,
        status=observation.resource.get("status") or {},
        reasoning=reasoning,
        failures=failures,
        deployment=deployment,
        arrangement=arrangement,
        rollout=progress,
        blockers=blockers,
        aspects=aspects,
    )


def _is_held(decision: Decision) -> bool:
    """Whether bindings or jobs hold up what is to serve, and not a candidate beside what serves."""
    order = decision.mandate.order
    return decision.held and (order is None or order.candidate != decision.target.name)


def _aspects(owner: Identity, observation: Observation) -> Iterator[Condition]:
    if (reached := exposed(owner, observation)) is not None:
        yield reached
    if observation.spec.scaling is not None:
        ref = owner.ref("autoscaling/v2", "HorizontalPodAutoscaler", owner.name)
        yield scaling_active(observation.children.get(ref))


def _verdict(look: _Look) -> Verdict:
    reasoning = look.reasoning
    if reasoning.problem:
        return Verdict(ready=False, reason=Reason.INVALID_SPEC, message=reasoning.problem, stalled=True)
    if reasoning.decision is None:
        return _suspended(look)
    refused = [failure for failure in look.failures if failure.reason != Reason.API_NOT_INSTALLED]
    return (
        health.of_failures(refused)
        or (health.of_gate(reasoning.decision) if _is_held(reasoning.decision) else None)
        or health.of_rollout(look.rollout, look.blockers)
    )


def _suspended(look: _Look) -> Verdict:
    if look.deployment is None:
        return Verdict(ready=False, reason=Reason.SUSPENDED, message=_FROZEN)
    live = health.of_rollout(look.rollout, look.blockers)
    return Verdict(
        ready=live.ready,
        reason=live.reason,
        message=f"{live.message}; {_FROZEN}",
        reconciling=live.reconciling,
        stalled=live.stalled,
    )


def _status(look: _Look, verdict: Verdict, now: datetime) -> dict[str, Any]:
    status, rolled = look.status, look.rollout
    generation = look.observation.resource["metadata"].get("generation", 0)
    wanted = (*_trio(verdict), *_released(look), *look.aspects)
    return without_empty(
        {
            **_decided(look.reasoning.decision, status),
            **_release(look),
            "observedGeneration": generation,
            "conditions": conditions(wanted, status.get("conditions", ()), generation, now),
            "stableRevision": _stable(look),
            "replicas": serving.counted(look.observation, "replicas"),
            "readyReplicas": serving.counted(look.observation, "readyReplicas"),
            "ready": f"{rolled.ready}/{rolled.wanted}",
            "platform": _platform(look),
            "selector": labels.selector(labels.of_serving_pods(look.owner.name)),
            "waitingFor": waiting.rendered(look.blockers, status.get("waitingFor", ()), now),
            "inventory": _inventory(look),
        }
    )


def _decided(decision: Decision | None, status: Mapping[str, Any]) -> dict[str, Any]:
    if decision is None:
        return {field: status.get(field) for field in _DECIDED}
    return decided(decision)


def _released(look: _Look) -> Iterator[Condition]:
    """The condition Released, as it was while nothing is decided."""
    decision = look.reasoning.decision
    echo = look.arrangement.echo if look.arrangement is not None else None
    if decision is not None and (found := released(decision, echo)) is not None:
        yield found
    before = condition(look.status, "Released")
    reason = next((each for each in Reason if each == before.get("reason")), None)
    if decision is None and reason is not None:
        yield Condition(type="Released", status=before["status"], reason=reason, message=before["message"])


def _release(look: _Look) -> dict[str, Any]:
    """status.release: what is remembered of the order, and how far it is."""
    decision, arrangement = look.reasoning.decision, look.arrangement
    if decision is None or arrangement is None:
        return {}
    remembered = {name: decision.mandate.echo.get(name) for name in ("policy", "stable", "candidate", "verb")}
    return {"release": without_empty({**remembered, **arrangement.echo.to_status()})}


def _stable(look: _Look) -> str | None:
    """The last revision that was rolled out in full; side by side, the one that is to be gone back to."""
    decision = look.reasoning.decision
    if decision is not None and (decision.mandate.released or decision.mandate.order is not None):
        return decision.mandate.stable or look.status.get("stableRevision")
    if decision is not None and decision.applied is not None and look.rollout.complete:
        return decision.applied.name
    return look.status.get("stableRevision")


def _platform(look: _Look) -> Any:
    decision = look.reasoning.decision
    if decision is None:
        return look.status.get("platform")
    return revision.platform_status(decision.applied, look.observation.settings)


def _inventory(look: _Look) -> list[dict[str, str]]:
    """What exists for this service; after a refusal that kept the prunes from being run, everything that may."""
    desired, recorded = look.reasoning.desired, inventory.recorded(look.owner, look.status)
    if desired is None:
        return inventory.rendered(recorded)
    refused = {failure.ref for failure in look.failures}
    blocking = {ref_of(manifest) for manifest in (*desired.before, *desired.workload)}
    return inventory.rendered(desired.refs | (recorded if refused & blocking else recorded & refused))


def _trio(verdict: Verdict) -> Iterator[Condition]:
    """Ready always, Reconciling and Stalled only while True (kstatus)."""
    reason, message = verdict.reason, verdict.message
    yield Condition(type="Ready", status="True" if verdict.ready else "False", reason=reason, message=message)
    if verdict.reconciling:
        yield Condition(type="Reconciling", status="True", reason=reason, message=message)
    if verdict.stalled:
        yield Condition(type="Stalled", status="True", reason=reason, message=message)


def _events(look: _Look, verdict: Verdict, status: Mapping[str, Any]) -> Iterator[Event]:
    if status.get("stableRevision") != look.status.get("stableRevision"):
        message = f"revision {status['stableRevision']}, version {status.get('version')}: {status['ready']} pods ready"
        yield Event(type="Normal", reason=str(Reason.ROLLED_OUT), message=message)
    if verdict.reason not in _QUIET and condition(look.status, "Ready").get("reason") != verdict.reason:
        yield Event(type="Warning", reason=str(verdict.reason), message=verdict.message)


def _is_log_sought(look: _Look, records: Iterable[runs.Record], now: datetime) -> bool:
    jobs = ((each, runs.job_of(look.owner, look.observation, each)) for each in records)
    return any(runs.is_silent(record, job, now) for record, job in jobs)


def _outcome(look: _Look, verdict: Verdict, status: Mapping[str, Any], now: datetime) -> Outcome:
    decision = look.reasoning.decision
    starting = not look.rollout.complete or (decision is not None and decision.held)
    if starting and any(blocker.reason is Reason.SECRET_NOT_FOUND for blocker in look.blockers):
        return Waiting(after=_SECRET_POLL, reason=str(Reason.SECRET_NOT_FOUND))
    if any(failure.reason != Reason.CHILD_INVALID for failure in look.failures):
        return Waiting(after=_REFUSED_POLL, reason=str(verdict.reason))
    if look.arrangement is not None and not (look.arrangement.echo.in_place or look.arrangement.echo.failure):
        return _CHECKED
    if decision is not None and _is_log_sought(look, status.get("jobs", ()), now):
        return Waiting(after=_LOG_POLL, reason=str(verdict.reason))
    return Stalled(reason=str(verdict.reason)) if verdict.stalled else Done()
