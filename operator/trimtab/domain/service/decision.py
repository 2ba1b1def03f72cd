"""Which revision is wanted, which one the Deployment runs, and what holds the former up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.api.microservice import DEFAULT_PORTS, MicroserviceSpec, Port
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.service import gating, ondemand, revision, runs
from trimtab.domain.service.awaited import awaited
from trimtab.domain.service.bindings import bound
from trimtab.domain.service.blockers import Blocker, is_ready
from trimtab.domain.service.mandate import Mandate, mandate
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Rendering, Revision
from trimtab.domain.service.runs import Record
from trimtab.domain.status import timestamp

_HISTORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one look at a Microservice leads to.

    `target` is the revision that the spec asks for; `applied` the one that is to serve: the target, or while it may
    not be rolled out or a job `holding` it up is not done, the one that serves now (None: none does); side by side it
    is the stable one. `awaited` is what else must be there before the target's first pod. `mandate` is what a
    CanaryRelease asks for. `records` are all recorded revisions with the target,
    `live` the names of those that must stay whole. `jobs`, `verb` and `history` are the status fields of these names.
    """

    owner: Identity
    mandate: Mandate
    target: Revision
    applied: Revision | None
    holding: Record | None
    awaited: tuple[Blocker, ...]
    records: Mapping[str, Revision]
    live: frozenset[str]
    jobs: tuple[Record, ...]
    verb: Mapping[str, str] | None
    history: tuple[Mapping[str, str], ...]

    @property
    def held(self) -> bool:
        """Whether anything stands between the target and its first pod."""
        return self.holding is not None or bool(self.awaited)


def settle(observation: Observation, now: datetime) -> Decision:
    """Resolves the spec to a revision and brings the jobs up to date."""
    owner = identity_of(observation.resource)
    status = observation.resource.get("status") or {}
    recorded = revision.recorded(observation.children.values())
    target = revision.resolve(owner, observation.spec, recorded, status.get("revision"), _rendering(observation))
    records = {**recorded, target.name: target}
    history = tuple(status.get("history", ()))
    told = mandate(observation, target, records, now)
    due = _is_due(told, target, observation)
    lacking = awaited(observation, target) if due else ()
    rolled_out = not due or bool(lacking) or any(item["revision"] == target.name for item in history)
    attempt = told.order.release if told.order is not None else ""
    gate = gating.gate(owner, observation, target.name, rolled_out=rolled_out, now=now, attempt=attempt)
    begun = due and not lacking and gate.holding is None
    applied = target if begun else records.get(_serving(owner, observation, history))
    if told.stable in records and (told.order is not None or told.refuses(target.name)):
        applied = target if begun and told.leaving else records[told.stable]
    request = ondemand.requested(owner, observation, gate.records, told.stable or None, now)
    return Decision(
        owner=owner,
        mandate=told,
        target=target,
        applied=applied,
        holding=gate.holding,
        awaited=lacking,
        records=records,
        live=_live(observation, target, applied, told) & records.keys(),
        jobs=runs.kept(request.records, observation.spec.jobs),
        verb=request.verb,
        history=_begun(history, target, now) if begun else history,
    )


def _is_due(told: Mandate, target: Revision, observation: Observation) -> bool:
    """Whether the target may be rolled out, as far as CanaryReleases have a say."""
    order = told.order
    if order is None:
        return not told.released and not told.refuses(target.name)
    if told.leaving:
        return not told.refuses(target.name) and _is_broken(order.stable, observation)
    return target.name == order.stable or (target.name == order.candidate and order.capacity > 0)


def _is_broken(stable: str, observation: Observation) -> bool:
    """Whether the revision to go back to has no pod that is ready: then there is nothing to be careful of."""
    return not any(
        is_ready(pod) and (pod["metadata"].get("labels") or {}).get(labels.REVISION) == stable
        for pod in observation.pods
    )


def _rendering(observation: Observation) -> Rendering:
    annotations = observation.resource["metadata"].get("annotations") or {}
    return Rendering(
        proxied=revision.proxied(observation.spec, released=observation.policy is not None),
        settings=observation.settings,
        asked=annotations.get(labels.PLATFORM, ""),
        bound=None if observation.bindings is None else bound(observation.bindings),
    )


def _serving(owner: Identity, observation: Observation, history: tuple[Mapping[str, str], ...]) -> str:
    """The Deployment's revision; if it was lost, the one whose rollout was begun last."""
    deployment = deployment_of(owner, observation)
    return revision.of_deployment(deployment) or (history[0]["revision"] if history else "")


def deployment_of(owner: Identity, observation: Observation) -> Object | None:
    """The Deployment as it is now, if there is one."""
    return observation.children.get(owner.ref("apps/v1", "Deployment", owner.name))


def _live(observation: Observation, target: Revision, applied: Revision | None, told: Mandate) -> frozenset[str]:
    """Revisions that may need their ConfigMaps: wanted, applied, ordered, and those that still have running pods."""
    ordered = (told.order.stable, told.order.candidate) if told.order is not None else ()
    with_pods = (
        (pod["metadata"].get("labels") or {}).get(labels.REVISION, "")
        for pod in observation.pods
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    )
    return frozenset({target.name, told.stable, *ordered, *with_pods, *({applied.name} if applied else ())})


def _begun(history: tuple[Mapping[str, str], ...], target: Revision, now: datetime) -> tuple[Mapping[str, str], ...]:
    """The history, newest first, with the target in front; unchanged if its rollout is the last one begun."""
    if history and history[0]["revision"] == target.name:
        return history
    item = {"revision": target.name, "version": revision.version(target), "startedAt": timestamp(now)}
    return (item, *(each for each in history if each["revision"] != target.name))[:_HISTORY]


def effective_spec(observation: Observation, decision: Decision) -> MicroserviceSpec:
    """The spec with the ports of the applied revision: Service, policy and route must fit the pods that serve."""
    return spec_of(observation, decision, decision.applied or decision.target)


def spec_of(observation: Observation, decision: Decision, chosen: Revision) -> MicroserviceSpec:
    """The spec with the ports of a revision."""
    if chosen.name == decision.target.name:
        return observation.spec
    ports: list[Mapping[str, Any]] | None = json.loads(chosen.shape).get("ports")
    models = DEFAULT_PORTS if ports is None else tuple(Port.model_validate(port) for port in ports)
    return observation.spec.model_copy(update={"ports": models})
