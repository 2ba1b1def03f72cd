"""A world in memory: enough of an API server, its defaults and its controllers to play a service's life."""

import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.objects import ObjectRef, ref_of
from trimtab.domain.plan import Apply, Delete, Failure, Plan, Report, Scale
from trimtab.domain.quantity import canonical
from trimtab.domain.service.announcement import announced
from trimtab.domain.service.children import OPTIONAL
from trimtab.domain.service.decide import decide
from trimtab.domain.service.observation import ClusterSettings, Observation, SecretContent
from trimtab.domain.service.report import report
from trimtab.domain.status import same

Refusal = Callable[[Apply], Failure | None]


class World:
    """One Microservice and what the cluster makes of it."""

    def __init__(self, spec: Mapping[str, Any], name: str = "orders", settings: ClusterSettings | None = None) -> None:
        self.uids = itertools.count(1)
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.resource: dict[str, Any] = {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": name, "namespace": "shop", "uid": "uid-0", "generation": 1, "annotations": {}},
            "spec": dict(spec),
            "status": {"observedGeneration": -1},
        }
        self.objects: dict[ObjectRef, dict[str, Any]] = {}
        self.applied: dict[ObjectRef, Any] = {}
        self.pods: list[dict[str, Any]] = []
        self.secrets: dict[str, SecretContent] = {}
        self.logs: dict[str, str] = {}
        self.bindings: list[dict[str, Any]] | None = []
        self.served = OPTIONAL
        self.gateway: dict[str, Any] | None = None
        self.settings = settings or ClusterSettings()
        self.refuse: Refusal = lambda effect: None
        self.writes = 0

    # --- what a user does

    def change(self, spec: Mapping[str, Any]) -> None:
        """Replaces the spec."""
        self.resource["spec"] = dict(spec)
        self.resource["metadata"]["generation"] += 1

    def update(self, **fields: Any) -> None:
        """Changes some fields of the spec."""
        self.change({**self.resource["spec"], **fields})

    def annotate(self, key: str, value: str) -> None:
        """Sets an annotation of the Microservice."""
        self.resource["metadata"]["annotations"][key] = value

    def secret(self, name: str, content: str | None) -> None:
        """Sets what is known of a Secret; None: it does not exist."""
        self.secrets[name] = SecretContent(name=name, digest=content)

    # --- the operator

    def observe(self) -> Observation:
        """One look."""
        return Observation(
            resource=copy.deepcopy(self.resource),
            spec=MicroserviceSpec.model_validate(self.resource["spec"]),
            children=self.objects,
            pods=tuple(self.pods),
            secrets=dict(self.secrets),
            served=self.served,
            job_logs=self.logs,
            gateway=self.gateway,
            settings=self.settings,
            bindings=None if self.bindings is None else tuple(copy.deepcopy(self.bindings)),
        )

    def decide(self) -> Plan:
        """The plan, without carrying it out."""
        return decide(self.observe(), self.now)

    def reconcile(self) -> Report:
        """One reconcile, as the reconciler does it: intent, waves, report from a fresh look."""
        self.now += timedelta(seconds=1)
        plan = self.decide()
        intent = announced(self.observe(), plan, self.now)
        if intent is not None:
            self.resource["status"] = copy.deepcopy(dict(intent))
            self.writes += 1
        failures = self._execute(plan)
        result = report(self.observe(), plan, failures, self.now)
        if not same(result.status, self.resource["status"]):
            self.resource["status"] = copy.deepcopy(dict(result.status))
            self.writes += 1
        return replace(result, events=(*plan.events, *result.events))

    def _execute(self, plan: Plan) -> list[Failure]:
        failures: list[Failure] = []
        for wave in plan.waves:
            blocked = False
            for effect in wave.effects:
                failure = self.refuse(effect) if isinstance(effect, Apply) else None
                if failure is not None:
                    failures.append(failure)
                    blocked = blocked or effect.blocking  # type: ignore[union-attr]
                    continue
                self.writes += 1
                self._carry_out(effect)
            if blocked:
                break
        return failures

    def _carry_out(self, effect: Apply | Delete | Scale) -> None:
        match effect:
            case Apply():
                self._apply(copy.deepcopy(dict(effect.manifest)))
            case Delete(ref=ref):
                self.objects.pop(ref, None)
                self.applied.pop(ref, None)
            case Scale(replicas=replicas):
                self.update(replicas=replicas)

    def _apply(self, manifest: dict[str, Any]) -> None:
        ref = ref_of(manifest)
        live = self.objects.get(ref) or {"metadata": {"uid": f"uid-{next(self.uids)}", "generation": 0}}
        if ref.kind == "ControllerRevision" and "data" in live:
            assert live["data"] == manifest["data"], "the data of a ControllerRevision is immutable"
        if ref.kind == "ConfigMap" and live.get("immutable"):
            assert live["data"] == manifest["data"], "the ConfigMap is immutable"
        before = copy.deepcopy(live)
        _remove(live, self.applied.get(ref, {}), manifest)
        _merge(live, manifest)
        self.applied[ref] = manifest
        stored = _defaulted(live)
        if stored.get("spec") != before.get("spec"):
            stored["metadata"]["generation"] += 1
        self.objects[ref] = stored

    # --- the cluster's controllers

    def settle(self) -> None:
        """Reconciles and lets the controllers work until nothing changes; a run that does not end is an error."""
        for _ in range(30):
            before = self.writes
            self.reconcile()
            self.roll_out()
            self.reconcile()
            if self.writes == before:
                return
        raise AssertionError("the world does not come to rest")

    def roll_out(self) -> None:
        """The Deployment controller and the kubelet: all pods of the template are ready at once."""
        deployment = self.find("Deployment")
        if deployment is None:
            return
        wanted = deployment["spec"]["replicas"]
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": wanted,
            "updatedReplicas": wanted,
            "readyReplicas": wanted,
            "availableReplicas": wanted,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        }
        jobs = [pod for pod in self.pods if pod["metadata"]["labels"][labels.COMPONENT] == labels.JOB_COMPONENT]
        self.pods = [
            *jobs,
            *(pod(f"{ref_of(deployment).name}-{i}", deployment["spec"]["template"]) for i in range(wanted)),
        ]

    def end_job(self, name: str, *, good: bool, log: str = "") -> None:
        """The Job controller: ends a Job."""
        ref = next(ref for ref in self.objects if ref.kind == "Job" and ref.name == name)
        type_ = "Complete" if good else "Failed"
        condition = {"type": type_, "status": "True", "lastTransitionTime": "2026-01-02T03:05:00Z"}
        if not good:
            condition |= {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        self.objects[ref]["status"] = {"conditions": [condition], "succeeded" if good else "failed": 1}
        self.logs[name] = log

    # --- questions

    def find(self, kind: str, name: str = "") -> dict[str, Any] | None:
        """The object of that kind (and name), if there is one."""
        found = [obj for ref, obj in self.objects.items() if ref.kind == kind and name in ("", ref.name)]
        return found[0] if found else None

    def names(self, kind: str) -> list[str]:
        """The names of all objects of that kind."""
        return sorted(ref.name for ref in self.objects if ref.kind == kind)

    @property
    def status(self) -> dict[str, Any]:
        """The Microservice's status."""
        status: dict[str, Any] = self.resource["status"]
        return status

    def condition(self, type_: str) -> dict[str, Any] | None:
        """A condition of the Microservice."""
        return next((each for each in self.status.get("conditions", ()) if each["type"] == type_), None)

    @property
    def ready(self) -> tuple[str, str]:
        """Status and reason of the condition Ready."""
        condition = self.condition("Ready")
        assert condition is not None
        return condition["status"], condition["reason"]


def pod(name: str, template: Mapping[str, Any], *, ready: bool = True, **status: Any) -> dict[str, Any]:
    """A pod of a template as the cache holds it."""
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": dict(template["metadata"]["labels"])},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def effects(plan: Plan) -> list[Apply | Delete | Scale]:
    """All effects of a plan, in order."""
    return [effect for wave in plan.waves for effect in wave.effects]


def applied(plan: Plan) -> list[str]:
    """The kinds that a plan applies."""
    return [effect.manifest["kind"] for effect in effects(plan) if isinstance(effect, Apply)]


def _remove(live: Any, before: Any, now: Any) -> None:
    for key, value in before.items():
        if key not in now:
            live.pop(key, None)
        elif isinstance(value, dict) and isinstance(now[key], dict) and isinstance(live.get(key), dict):
            _remove(live[key], value, now[key])


def _merge(live: dict[str, Any], manifest: Mapping[str, Any]) -> None:
    for key, value in manifest.items():
        if isinstance(value, dict) and isinstance(live.get(key), dict):
            _merge(live[key], value)
        else:
            live[key] = copy.deepcopy(value)


def _defaulted(live: dict[str, Any]) -> dict[str, Any]:
    """What the API server adds and leaves out, as far as our children are concerned."""
    match live["kind"]:
        case "Deployment":
            _default_pod(live["spec"]["template"], "Always")
            live["spec"].setdefault("minReadySeconds", 0)
        case "Job":
            _default_pod(live["spec"]["template"], "Never")
            live["spec"].setdefault("completions", 1)
        case "CronJob":
            _default_pod(live["spec"]["jobTemplate"]["spec"]["template"], "Never")
            live["spec"].setdefault("suspend", False)
        case "Service":
            live["spec"].setdefault("clusterIP", "10.96.0.1")
            live["spec"].setdefault("sessionAffinity", "None")
        case "NetworkPolicy":
            live["spec"] = _without_empty_lists(live["spec"])
    return live


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty_lists(item) for key, item in value.items() if item != []}
    return [_without_empty_lists(item) for item in value] if isinstance(value, list) else value


def _default_pod(template: dict[str, Any], restart: str) -> None:
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    pod = template["spec"]
    for key, value in {
        "restartPolicy": restart,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
    }.items():
        pod.setdefault(key, value)
    pod["serviceAccount"] = pod["serviceAccountName"]
    for volume in pod.get("volumes", ()):
        for source in ("configMap", "secret", "projected"):
            if source in volume:
                volume[source].setdefault("defaultMode", 420)
        if "sizeLimit" in volume.get("emptyDir", {}):
            volume["emptyDir"]["sizeLimit"] = canonical(volume["emptyDir"]["sizeLimit"])
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        _default_container(container)


def _default_container(container: dict[str, Any]) -> None:
    container.setdefault("imagePullPolicy", "IfNotPresent")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    for amounts in container.get("resources", {}).values():
        for resource, amount in amounts.items():
            amounts[resource] = canonical(amount)
    for variable in container.get("env", ()):
        if variable.get("value") == "":
            del variable["value"]
        if "fieldRef" in variable.get("valueFrom", {}):
            variable["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if name in container:
            container[name].setdefault("successThreshold", 1)
            container[name].setdefault("timeoutSeconds", 1)
            if "httpGet" in container[name]:
                container[name]["httpGet"].setdefault("scheme", "HTTP")
            if "grpc" in container[name]:
                container[name]["grpc"].setdefault("service", "")
