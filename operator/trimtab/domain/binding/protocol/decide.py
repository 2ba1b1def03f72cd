"""From an observation of a ServiceBinding to what is to be done outside the cluster."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from trimtab.api.reasons import Reason
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol import deletion, drift
from trimtab.domain.binding.protocol.claim import Claim
from trimtab.domain.binding.protocol.decision import Decision, Finding
from trimtab.domain.binding.protocol.refusal import refusal
from trimtab.domain.binding.protocol.removal import giving, removal
from trimtab.domain.binding.protocol.scene import Scene, Standing, records_of, scene, told
from trimtab.domain.binding.protocol.standing import standing
from trimtab.domain.binding.protocol.wanted import wanted
from trimtab.domain.binding.record import record_of, recorded
from trimtab.domain.binding.resource import Resource
from trimtab.domain.binding.workload import KIND
from trimtab.domain.plan import Event

_USED = 60.0
"""Seconds until the next look at who uses a Secret; whoever leaves it is an event anyway."""


def looked_at(observation: Observation) -> tuple[tuple[Resource, str], ...]:
    """What a decision needs a look at, each with its ARN if it is to be taken over; none if nothing may be asked."""
    grant = observation.permit
    if not isinstance(grant, Grant) or refusal(observation) is not None:
        return ()
    found = wanted(observation, grant)
    if found.awaited and not observation.deleting:
        return ()
    return tuple((each, grant.adopted if each.key == found.main else "") for each in found.all)


def decide(observation: Observation, now: datetime) -> Decision:
    """What has to be written to AWS in this round, in order; nothing if it is as declared."""
    grant, refused = observation.permit, refusal(observation)
    if grant is None and refused is None:
        return Decision(complete=True, over=observation.deleting)
    if refused is not None or not isinstance(grant, Grant):
        return _refused(observation, *((refused,) if refused else ()))
    if observation.deleting:
        return _leaving(observation, grant, now)
    found = wanted(observation, grant)
    if found.awaited:
        return _standstill(observation, *(_awaited(name) for name in found.awaited))
    here = scene(observation, found, now)
    return _given(here) if observation.transfer_to else _kept(here)


def _standstill(observation: Observation, *findings: Finding) -> Decision:
    """Nothing is done, and what was known is known still."""
    status = observation.status
    return Decision(
        records=recorded(status),
        drifts=tuple(drift.recorded(status).values()),
        findings=findings,
        deletion_policy=status.get("deletionPolicy", ""),
    )


def _awaited(name: str) -> Finding:
    message = "it delivers to that binding, which has nothing to deliver to yet, or not in the same account and region"
    return Finding(kind=KIND, name=name, reason=Reason.BINDING_NOT_READY, message=message, after=60.0)


def _kept(here: Scene) -> Decision:
    """The everyday case: what is declared is to exist as declared."""
    standings: dict[str, Standing] = {}
    for resource in here.wanted.resources:
        standings[resource.key] = standing(here, resource, standings)
    settled = all(each.usable and not each.actions and not each.findings for each in standings.values())
    if settled:
        for resource in reversed(here.wanted.surplus):
            standings[resource.key] = removal(here, resource, keep=False, cause="spec")
    else:
        standings |= {each.key: Standing(record=here.records[each.key]) for each in here.wanted.surplus}
    return _decision(here, standings)


def _given(here: Scene) -> Decision:
    """Handed over: our tags say to whom, and then nothing is touched any more."""
    to = here.observation.transfer_to
    standings = {resource.key: _giving(here, resource) for resource in here.wanted.all}
    finding = Finding(
        kind=KIND,
        name=here.observation.owner.name,
        reason=Reason.HANDED_OVER,
        message=f"its resources are cluster {to}'s to take; this one touches them no more",
    )
    return _decision(here, standings, finding)


def _giving(here: Scene, resource: Resource) -> Standing:
    record = record_of(resource, here.records.get(resource.key))
    trouble, live = here.observation.troubles.get(resource.key), here.observation.looks.get(resource.key)
    if trouble is not None:
        return Standing(record=record, findings=(told(resource, trouble),))
    done = Standing(record=replace(record, intent=None))
    if live is None or resource.parent:
        return done
    if here.claim(resource, live) not in (Claim.OURS, Claim.GIVEN):
        return done
    given = giving(here, resource, live, record)
    return given if given.actions else done


def _decision(here: Scene, standings: Mapping[str, Standing], *findings: Finding) -> Decision:
    resources = here.wanted.resources
    lives = {key: each.live for key, each in standings.items() if each.live is not None}
    drifts = tuple(each for standing in standings.values() for each in standing.drifts)
    spots = {each.spot for each in drifts}
    past = drift.remembered((each for each in here.drifts.values() if each.spot not in spots), here.now)
    return Decision(
        records={record.key: record for record in records_of(dict(standings))},
        drifts=(*drifts, *past),
        drifted=tuple(each for standing in standings.values() for each in standing.drifted),
        actions=tuple(action for standing in standings.values() for action in standing.actions),
        findings=(*findings, *(finding for standing in standings.values() for finding in standing.findings)),
        events=tuple(event for standing in standings.values() for event in standing.events),
        lives=lives,
        complete=all(each.key in lives for each in resources),
        deletion_policy=deletion.shown(here.observation.spec, here.wanted.grant, resources, lives),
        main=here.wanted.main,
    )


def _leaving(observation: Observation, grant: Grant, now: datetime) -> Decision:
    """The binding is being deleted: nothing goes while anybody uses it, or while it may hold what nobody gave up."""
    waits = None if observation.ending else _used(observation)
    if waits is not None:
        return _standstill(observation, waits)
    keep = _keeps_all(observation)
    found = wanted(observation, grant)
    here = scene(observation, found, now)
    standings: dict[str, Standing] = {}
    for resource in reversed(found.all):
        standings[resource.key] = removal(here, resource, keep=keep)
    decision = _decision(here, standings)
    open_ = bool(decision.records or decision.actions or decision.findings)
    retained = any(each.kept for each in standings.values())
    if open_ and observation.ending and not decision.actions and _is_denied(decision):
        open_, retained = False, True
    return replace(
        decision, over=not open_, retained=retained, deletion_policy=observation.status.get("deletionPolicy", "")
    )


def _is_denied(decision: Decision) -> bool:
    return bool(decision.findings) and all(finding.reason == Reason.CLOUD_DENIED for finding in decision.findings)


def _keeps_all(observation: Observation) -> bool:
    return observation.ending or observation.spec.deletion_protection


def _refused(observation: Observation, *refused: Finding) -> Decision:
    """Nothing can be asked of AWS. What is to be kept is kept without a note of that; the rest has to wait."""
    made = bool(recorded(observation.status)) or observation.guarded  # a status may have been lost
    keep = _keeps_all(observation) or observation.spec.deletion_policy == "Retain"
    if not observation.deleting:
        return _standstill(observation, *refused)
    if made and not keep:
        remedy = "; or set deletionPolicy: Retain, and it goes without a word to AWS"
        return _standstill(observation, *(replace(each, message=each.message + remedy) for each in refused))
    message = f"kept as it is, without a tag that says so: {'; '.join(each.message for each in refused)}"
    event = Event(type="Warning", reason=str(Reason.RESOURCE_RETAINED), message=message)
    return Decision(over=True, retained=made, events=(event,) if made else ())


def _used(observation: Observation) -> Finding | None:
    if observation.users:
        kind, _, name = observation.users[0].partition("/")
        others = ", ".join(observation.users[1:5])
        still = f"and {others} still use" if others else "still uses"
        message = f"{still} this binding; take it out there, and the deletion goes on by itself"
        return Finding(kind=kind, name=name, reason=Reason.IN_USE, message=message, after=_USED)
    if not observation.revoked:
        why = f": {observation.obstacle}" if observation.obstacle else ""
        message = f"the rights of its workloads are being taken back first{why}"
        return Finding(kind=KIND, name=observation.owner.name, reason=Reason.DELETING, message=message, after=5.0)
    return None
