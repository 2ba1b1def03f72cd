"""All children that a Microservice is to have: the one list of builders."""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.api.jobs import Job
from trimtab.domain import names
from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.domain.service import (
    configmap,
    cronjob,
    deployment,
    horizontalpodautoscaler,
    injection,
    job,
    networkpolicy,
    poddisruptionbudget,
    podmonitor,
    revision,
    rotation,
    runs,
    service,
    serviceaccount,
    sidebyside,
)
from trimtab.domain.service.aiming import arranged, replicas
from trimtab.domain.service.arrangement import Arrangement
from trimtab.domain.service.decision import Decision, deployment_of, effective_spec
from trimtab.domain.service.meta import MONITORING_API_VERSION
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.runs import Record
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.provider import Routing

OPTIONAL = registry.KINDS | {(MONITORING_API_VERSION, "PodMonitor")}
"""Kinds that a cluster may lack; the rest of the service goes on without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """Everything that is to exist.

    `before` must be there before any pod is; `beside` is what nothing waits for; `workload` are the Deployment and the
    Jobs to be made. Children whose API is not installed are left out. `refs` is what the inventory holds once all
    this is applied: besides these, what exists and stays without being applied again, such as records of revisions,
    Jobs that run or ran last, ConfigMaps that live pods mount. `arrangement` is that of revisions side by side.
    """

    before: tuple[Object, ...]
    beside: tuple[Object, ...]
    workload: tuple[Object, ...]
    refs: frozenset[ObjectRef]
    arrangement: Arrangement | None = None


def desired(observation: Observation, decision: Decision) -> Desired:
    """The children of a Microservice whose state is `decision`."""
    arrangement = arranged(observation, decision)
    before = tuple(_before(observation, decision))
    beside = tuple(child for child in _beside(observation, decision, arrangement) if _served(observation, child))
    workload = (*_deployments(observation, decision, arrangement), *_jobs(observation, decision))
    applied = (ref_of(manifest) for manifest in (*before, *beside, *workload))
    refs = frozenset(applied).union(_kept(observation, decision, arrangement))
    return Desired(before=before, beside=beside, workload=workload, refs=refs, arrangement=arrangement)


def _served(observation: Observation, child: Object) -> bool:
    kind = (child["apiVersion"], child["kind"])
    return kind not in OPTIONAL or kind in observation.served


def _before(observation: Observation, decision: Decision) -> Iterator[Object]:
    owner, spec = decision.owner, observation.spec
    target = decision.target
    if (
        owner.ref("apps/v1", "ControllerRevision", names.revision_record(owner.name, target.name))
        not in observation.children
    ):
        yield revision.record(owner, target)
    live = [decision.records[name] for name in sorted(decision.live)]
    if any(each.template["spec"]["serviceAccountName"] == owner.name for each in live):
        yield serviceaccount.service_account(owner, spec, injection.annotations(observation))
    config_maps = {each["name"]: each for record in live for each in record.config_maps}
    yield from (configmap.immutable(owner, config_maps[name]) for name in sorted(config_maps))
    if spec.config is not None and spec.config.on_change == "Ignore":
        yield configmap.mutable(owner, spec.config)
    effective = effective_spec(observation, decision)
    templates = [each.template for each in live]
    yield networkpolicy.network_policy(owner, effective, observation.settings, observation.gateway, templates)
    if spec.jobs:
        yield networkpolicy.job_policy(owner, spec)


def _beside(observation: Observation, decision: Decision, arrangement: Arrangement | None) -> Iterator[Object]:
    owner, spec = decision.owner, effective_spec(observation, decision)
    yield poddisruptionbudget.pod_disruption_budget(owner, spec)
    if any(decision.records[name].proxied for name in decision.live):
        yield podmonitor.pod_monitor(owner, observation.settings.scrape_interval)
    if spec.scaling is not None:
        yield horizontalpodautoscaler.horizontal_pod_autoscaler(owner, spec.scaling)
    if arrangement is not None:
        yield from sidebyside.services(observation, decision, arrangement)
        yield from sidebyside.routes(arrangement)
    elif spec.ports:
        yield service.service(owner, spec)
        yield from registry.default(spec).manifests(Routing(owner=owner, spec=spec, stable=owner.name))
    if decision.applied is not None:
        template = decision.applied.template
        yield from (cronjob.cron_job(owner, template, each) for each in spec.jobs if each.run == "Schedule")


def _deployments(observation: Observation, decision: Decision, arrangement: Arrangement | None) -> Iterator[Object]:
    owner = decision.owner
    if arrangement is not None:
        yield from sidebyside.deployments(observation, decision, arrangement)
    elif decision.applied is not None:
        live = deployment_of(owner, observation)
        template = rotation.overlaid(decision.applied.template, observation.secrets, live)
        yield deployment.deployment(owner, template, replicas(observation))


def _jobs(observation: Observation, decision: Decision) -> Iterator[Object]:
    owner = decision.owner
    for record in decision.jobs:
        if to_be_made(observation, decision, record):
            run = _job(observation, record)
            ran = decision.records.get(record.get("revision", ""))
            if run is not None and ran is not None:
                yield job.job(owner, ran.template, run, runs.job_name(owner, record))


def to_be_made(observation: Observation, decision: Decision, record: Record) -> bool:
    """Whether the run's Job has yet to be made: it was decided, or it holds a rollout up and somebody deleted it."""
    if not runs.unfinished(record) or runs.job_of(decision.owner, observation, record) is not None:
        return False
    return record["phase"] == "Pending" or record == decision.holding


def _job(observation: Observation, record: Record) -> Job | None:
    return next((each for each in observation.spec.jobs if each.name == record["name"]), None)


def _kept(observation: Observation, decision: Decision, arrangement: Arrangement | None) -> Iterator[ObjectRef]:
    owner = decision.owner
    if arrangement is not None:
        yield from sidebyside.kept(observation, decision, arrangement)
    history = [item["revision"] for item in decision.history]
    for name in revision.kept(decision.records, history, decision.live):
        yield owner.ref("apps/v1", "ControllerRevision", names.revision_record(owner.name, name))
    newest: set[str] = set()
    for record in decision.jobs:
        if runs.unfinished(record) or record["name"] not in newest:
            newest.add(record["name"])
            if runs.job_of(owner, observation, record) is not None:
                yield runs.job_ref(owner, record)
    for name in decision.live:
        for config_map in configmap.mounted(decision.records[name].template):
            ref = owner.ref("v1", "ConfigMap", config_map)
            if ref in observation.children:
                yield ref
