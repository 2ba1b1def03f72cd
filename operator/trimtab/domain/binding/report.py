"""From a decision to the whole status of a ServiceBinding, the Events and the outcome of one reconcile."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from trimtab.api.reasons import Reason
from trimtab.domain.binding import variables
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.projecting import Projected
from trimtab.domain.binding.protocol.decision import Decision, Finding
from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.domain.plan import Event, Report
from trimtab.domain.service.blockers import Blocker
from trimtab.domain.service.waiting import rendered
from trimtab.domain.status import Condition, condition, conditions, without_empty

PATIENCE = 900.0
"""Seconds for which a binding stays as it was last known while AWS cannot be asked."""

_UNASKED = (Reason.THROTTLED, Reason.CLOUD_UNAVAILABLE, Reason.CIRCUIT_OPEN)
_UNCHANGED = (
    Reason.POLICY_DENIED,
    Reason.INVALID_SPEC,
    Reason.IMMUTABLE_CHANGE,
    Reason.NAMESPACE_TERMINATING,
    Reason.HANDED_OVER,
    Reason.BINDING_NOT_READY,
)
"""For these nothing is looked at, so that what was known of the resources is all that is."""

_MAX_EVENT = 1024


def report(observation: Observation, decision: Decision, projected: Projected, now: datetime) -> Report:
    """The whole status; the outcome says when it is worth a look again."""
    before = observation.status
    findings = (*decision.findings, *projected.findings, *variables.findings(observation))
    blockers = [Blocker(kind=each.kind, name=each.name, reason=each.reason, message=each.message) for each in findings]
    waiting = rendered(blockers, before.get("waitingFor", ()), now)
    generation = observation.resource["metadata"].get("generation", 0)
    wanted = list(_conditions(observation, decision, projected, findings, waiting, now))
    main = decision.records.get(decision.main)
    status = without_empty(
        {
            **remembered(observation, decision),
            "arn": main.arn if main else before.get("arn", ""),
            "binding": {"name": projected.secret} if projected.secret else before.get("binding"),
            "waitingFor": waiting,
            "observedGeneration": generation,
            "conditions": conditions(wanted, before.get("conditions", ()), generation, now),
        }
    )
    return Report(status=status, events=tuple(_events(wanted, before)), outcome=_outcome(findings))


def remembered(observation: Observation, decision: Decision) -> dict[str, Any]:
    """The part of the status that is recorded before anything is written to AWS."""
    before, grant = observation.status, observation.permit
    known = (
        {"policy": grant.policy, "region": grant.region, "account": grant.account}
        if isinstance(grant, Grant)
        else {name: before.get(name) for name in ("policy", "region", "account")}
    )
    return {
        **known,
        "service": observation.spec.member,
        "deletionPolicy": decision.deletion_policy or before.get("deletionPolicy"),
        "resources": [record.to_status() for record in decision.records.values()],
        "drift": [each.to_status() for each in decision.drifts],
        "reconcile": observation.nonce,
    }


def invalid(resource: Object, message: str, now: datetime) -> Report:
    """The report on a ServiceBinding whose spec does not parse (an older or a newer CRD)."""
    live = resource.get("status") or {}
    generation = resource["metadata"].get("generation", 0)
    wanted = [
        _of("Ready", "False", Reason.INVALID_SPEC, message),
        _of("Stalled", "True", Reason.INVALID_SPEC, message),
    ]
    kept = [each for each in live.get("conditions", ()) if each["type"] in ("ResourceReady", "Projected")]
    rendered_ = conditions(wanted, live.get("conditions", ()), generation, now)
    status = {**live, "observedGeneration": generation, "conditions": [*rendered_, *kept]}
    return Report(status=status, events=tuple(_events(wanted, live)), outcome=Stalled(reason=str(Reason.INVALID_SPEC)))


def _conditions(
    observation: Observation,
    decision: Decision,
    projected: Projected,
    findings: tuple[Finding, ...],
    waiting: Iterable[Mapping[str, Any]],
    now: datetime,
) -> Iterator[Condition]:
    before = observation.status
    unasked = bool(observation.troubles) and all(each.reason in _UNASKED for each in findings)
    worst = next((each for each in findings if each.stalled), next(iter(findings), None))
    if unasked and worst is not None and _was_ready(observation) and _patient(waiting, now):
        yield Condition(type="Ready", status="True", reason=Reason.BOUND, message=f"as last known: {worst.message}")
    elif worst is not None:
        message = f"{worst.kind} {worst.name}: {worst.message}"
        yield Condition(type="Ready", status="False", reason=worst.reason, message=message)
        type_ = "Stalled" if worst.stalled else "Reconciling"
        yield Condition(type=type_, status="True", reason=worst.reason, message=message)
    elif decision.complete and projected.secret:
        message = f"Secret {projected.secret} holds what the workload needs"
        yield Condition(type="Ready", status="True", reason=Reason.BOUND, message=message)
    else:
        yield _of("Ready", "False", Reason.CREATING, "it is being made")
        yield _of("Reconciling", "True", Reason.CREATING, "it is being made")
    yield from _parts(before, decision, projected, worst, unasked=bool(observation.troubles))
    yield from _drifted(observation, decision)
    yield from observation.aspects


def _parts(
    before: Mapping[str, Any], decision: Decision, projected: Projected, worst: Finding | None, *, unasked: bool
) -> Iterator[Condition]:
    """ResourceReady and Projected; as last known while AWS, or the policy, leaves the question open."""
    known = {each["type"]: each for each in before.get("conditions", ())}
    reason, message = (worst.reason, worst.message) if worst else (Reason.CREATING, "it is being made")
    unknown = unasked or reason in _UNCHANGED
    if decision.complete:
        yield _of("ResourceReady", "True", Reason.BOUND, "it can be used")
    elif unknown and "ResourceReady" in known:
        yield _again(known["ResourceReady"])
    else:
        yield _of("ResourceReady", "False", reason, message)
    if projected.secret:
        yield _of("Projected", "True", Reason.PROJECTED, f"Secret {projected.secret}")
    elif projected.findings:
        yield _of("Projected", "False", projected.findings[0].reason, projected.findings[0].message)
    elif "Projected" in known:
        yield _again(known["Projected"])
    else:
        yield _of("Projected", "False", Reason.PROJECTION_PENDING, "its Secret is written once it can be used")


def _drifted(observation: Observation, decision: Decision) -> Iterator[Condition]:
    if decision.drifted:
        message = "; ".join(
            f"{each.key}: {each.setting} should be {each.wanted} and is {each.found}" for each in decision.drifted
        )
        yield _of("Drifted", "True", Reason.DRIFTED, message)
    elif observation.troubles and condition(observation.status, "Drifted"):
        yield _again(condition(observation.status, "Drifted"))


def _of(type_: str, status: Literal["True", "False"], reason: Reason, message: str) -> Condition:
    return Condition(type=type_, status=status, reason=reason, message=message)


_REASONS = {str(reason): reason for reason in Reason}


def _again(known: Mapping[str, Any]) -> Condition:
    reason = _REASONS.get(known["reason"], Reason.CREATING)
    return Condition(type=known["type"], status=known["status"], reason=reason, message=known.get("message", ""))


def _was_ready(observation: Observation) -> bool:
    return observation.heeded and condition(observation.status, "Ready").get("status") == "True"


def _patient(waiting: Iterable[Mapping[str, Any]], now: datetime) -> bool:
    """Whether nothing has been waited for too long."""
    return all((now - datetime.fromisoformat(each["since"])).total_seconds() < PATIENCE for each in waiting)


def _events(wanted: Iterable[Condition], before: Mapping[str, Any]) -> Iterator[Event]:
    """Once, when it becomes ready and when only a person can mend it."""
    by_type = {each.type: each for each in wanted}
    ready, then = by_type["Ready"], condition(before, "Ready")
    if "Stalled" in by_type and condition(before, "Stalled").get("reason") != ready.reason:
        yield Event(type="Warning", reason=str(ready.reason), message=ready.message[:_MAX_EVENT])
    elif ready.status == "True" and then.get("status") != "True":
        yield Event(type="Normal", reason=str(ready.reason), message=ready.message[:_MAX_EVENT])


def _outcome(findings: Iterable[Finding]) -> Outcome:
    found = tuple(findings)
    after = [each.after for each in found if each.after is not None]
    if after:
        return Waiting(after=min(after), reason=str(found[0].reason))
    return Stalled(reason=str(found[0].reason)) if found else Done()
