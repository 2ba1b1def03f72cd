"""From an observation of a Microservice to the plan that makes the world as declared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain import drift
from trimtab.domain.objects import Object, ObjectRef, ref_of, uid_of
from trimtab.domain.plan import Apply, Effect, Event, Plan, Scale, Wave
from trimtab.domain.service import inventory, jobstate, revision
from trimtab.domain.service.aiming import replicas
from trimtab.domain.service.children import Desired, desired
from trimtab.domain.service.decision import Decision, settle
from trimtab.domain.service.mandate import Mandate
from trimtab.domain.service.meta import API_VERSION, KIND
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.validity import problem
from trimtab.domain.status import without_empty
from trimtab.domain.traffic import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What `report` needs to know of how a plan came about.

    `decision` is None while nothing is decided: the service is suspended, or its spec cannot be carried out
    (`problem`), what is known of its CanaryRelease is older than what was done already (`stale`), or something is
    lacking without which nothing can be done (`lacking`: what is waited for).
    """

    decision: Decision | None
    desired: Desired | None = None
    problem: str = ""
    stale: bool = False
    lacking: str = ""


def decide(observation: Observation, now: datetime) -> Plan:
    """What has to be written, in order; no intent and no waves if the world is as declared."""
    wrong = problem(observation.spec)
    if wrong or observation.spec.suspend or "deletionTimestamp" in observation.resource["metadata"]:
        return Plan(intent=None, waves=(), decision=Reasoning(decision=None, problem=wrong))
    decision = settle(observation, now)
    lacking = _lacking(decision.mandate)
    if decision.mandate.stale or lacking:
        reasoning = Reasoning(decision=None, stale=decision.mandate.stale, lacking=lacking)
        return Plan(intent=None, waves=(), decision=reasoning)
    children = desired(observation, decision)
    status = observation.resource.get("status") or {}
    recorded = inventory.recorded(decision.owner, status)
    prunes = tuple(inventory.prunes(decision.owner, observation, recorded, children.refs))
    superseded = tuple(prune for prune in prunes if _goes_on(observation, prune.ref))
    waves = (
        [*_needed(observation, children.before), *_needed(observation, children.beside, blocking=False)],
        superseded,  # before the Job that takes its place: two migrations of one database must not meet
        _needed(observation, children.workload),
        [*_scale(observation, decision), *(prune for prune in prunes if prune not in superseded)],
    )
    return Plan(
        intent=_intent(status, decision, recorded | children.refs),
        waves=tuple(Wave(effects=tuple(effects)) for effects in waves if effects),
        events=tuple(_events(status, decision.target)),
        decision=Reasoning(decision=decision, desired=children),
    )


def _lacking(told: Mandate) -> str:
    if told.lost:
        return f"waits for the record (ControllerRevision) of revision {told.stable}, which is to serve"
    if told.order is not None and told.order.provider and not registry.knows(told.order.provider):
        return f"waits for an operator that knows the traffic provider {told.order.provider}, by which it is released"
    return ""


def _needed(observation: Observation, manifests: Iterable[Object], *, blocking: bool = True) -> list[Effect]:
    """An Apply for each manifest that the live object differs from, or that there is no object for."""
    effects: list[Effect] = []
    for manifest in manifests:
        wanted = drift.stamped(manifest)
        live = observation.children.get(ref_of(manifest))
        if live is None:
            effects.append(Apply(manifest=wanted, blocking=blocking))
        elif drift.differs(wanted, live):
            effects.append(Apply(manifest=wanted, uid=uid_of(live), blocking=blocking))
    return effects


def _goes_on(observation: Observation, ref: ObjectRef) -> bool:
    """Whether it is a Job that has not ended."""
    job = observation.children.get(ref) if ref.kind == "Job" else None
    return job is not None and not (jobstate.succeeded(job) or jobstate.failed(job))


def _scale(observation: Observation, decision: Decision) -> list[Effect]:
    """spec.replicas, once: the scale subresource answers an autoscaler with an error while the field is absent."""
    if observation.spec.scaling is None or observation.spec.replicas is not None:
        return []
    ref = decision.owner.ref(API_VERSION, KIND, decision.owner.name)
    return [Scale(ref=ref, replicas=replicas(observation))]


def _intent(status: Mapping[str, Any], decision: Decision, objects: frozenset[ObjectRef]) -> Mapping[str, Any] | None:
    """The status with what was decided, if it does not say so already."""
    intent = without_empty({**status, **decided(decision), "inventory": inventory.rendered(objects)})
    return None if intent == without_empty(status) else intent


def _events(status: Mapping[str, Any], target: revision.Revision) -> Iterator[Event]:
    """That the spec asks for another revision than the status did."""
    if status.get("revision") != target.name:
        message = f"revision {target.name}, version {revision.version(target)}"
        yield Event(type="Normal", reason=str(Reason.REVISION_CREATED), message=message)


def decided(decision: Decision) -> dict[str, Any]:
    """The status fields that are decisions: they are written before what follows from them is done."""
    return {
        "revision": decision.target.name,
        "version": revision.version(decision.target),
        "history": list(decision.history),
        "jobs": list(decision.jobs),
        "verb": decision.verb,
        "release": dict(decision.mandate.echo),
        "rejectedRevisions": list(decision.mandate.rejected),
    }
