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
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Rendering, Revision
from trimtab.domain.service.runs import Record
from trimtab.domain.status import timestamp

_HISTORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one look at a Microservice leads to.

    `target` is the revision that the spec asks for; `applied` the one that the Deployment is to run: the target, or
    while a job `holding` its rollout up is not done, the one that serves (None: none does). `records` are all recorded
    revisions with the target, `live` the names of those that must stay whole. `jobs`, `verb` and `history` are the
    status fields of these names.
    """

    owner: Identity
    target: Revision
    applied: Revision | None
    holding: Record | None
    records: Mapping[str, Revision]
    live: frozenset[str]
    jobs: tuple[Record, ...]
    verb: Mapping[str, str] | None
    history: tuple[Mapping[str, str], ...]


def settle(observation: Observation, now: datetime) -> Decision:
    """Resolves the spec to a revision and brings the jobs up to date."""
    owner = identity_of(observation.resource)
    status = observation.resource.get("status") or {}
    recorded = revision.recorded(observation.children.values())
    target = revision.resolve(owner, observation.spec, recorded, status.get("revision"), _rendering(observation))
    records = {**recorded, target.name: target}
    history = tuple(status.get("history", ()))
    rolled_out = any(item["revision"] == target.name for item in history)
    gate = gating.gate(owner, observation, target.name, rolled_out=rolled_out, now=now)
    serving = records.get(_serving(owner, observation, history))
    applied = target if gate.holding is None else serving
    stable = status.get("stableRevision", "")
    request = ondemand.requested(owner, observation, gate.records, stable if stable in records else None, now)
    return Decision(
        owner=owner,
        target=target,
        applied=applied,
        holding=gate.holding,
        records=records,
        live=_live(observation, target, applied, stable) & records.keys(),
        jobs=runs.kept(request.records, observation.spec.jobs),
        verb=request.verb,
        history=_begun(history, target, now) if gate.holding is None else history,
    )


def _rendering(observation: Observation) -> Rendering:
    annotations = observation.resource["metadata"].get("annotations") or {}
    return Rendering(
        proxied=revision.proxied(observation.spec),
        settings=observation.settings,
        asked=annotations.get(labels.PLATFORM, ""),
    )


def _serving(owner: Identity, observation: Observation, history: tuple[Mapping[str, str], ...]) -> str:
    """The Deployment's revision; if it was lost, the one whose rollout was begun last."""
    deployment = deployment_of(owner, observation)
    return revision.of_deployment(deployment) or (history[0]["revision"] if history else "")


def deployment_of(owner: Identity, observation: Observation) -> Object | None:
    """The Deployment as it is now, if there is one."""
    return observation.children.get(owner.ref("apps/v1", "Deployment", owner.name))


def _live(observation: Observation, target: Revision, applied: Revision | None, stable: str) -> frozenset[str]:
    """Revisions that may need their ConfigMaps: wanted, applied, stable, and those that still have running pods."""
    with_pods = (
        (pod["metadata"].get("labels") or {}).get(labels.REVISION, "")
        for pod in observation.pods
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    )
    return frozenset({target.name, stable, *with_pods, *({applied.name} if applied else ())})


def _begun(history: tuple[Mapping[str, str], ...], target: Revision, now: datetime) -> tuple[Mapping[str, str], ...]:
    """The history, newest first, with the target in front; unchanged if its rollout is the last one begun."""
    if history and history[0]["revision"] == target.name:
        return history
    item = {"revision": target.name, "version": revision.version(target), "startedAt": timestamp(now)}
    return (item, *(each for each in history if each["revision"] != target.name))[:_HISTORY]


def effective_spec(observation: Observation, decision: Decision) -> MicroserviceSpec:
    """The spec with the ports of the applied revision: Service, policy and route must fit the pods that serve."""
    applied = decision.applied
    if applied is None or applied.name == decision.target.name:
        return observation.spec
    ports: list[Mapping[str, Any]] | None = json.loads(applied.shape).get("ports")
    models = DEFAULT_PORTS if ports is None else tuple(Port.model_validate(port) for port in ports)
    return observation.spec.model_copy(update={"ports": models})
