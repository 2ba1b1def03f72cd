"""The reconciler of Microservices: observe, decide, record the intent, execute, report."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.objects import Object, ObjectRef, ref_of, uid_of
from trimtab.domain.outcome import Done, Outcome
from trimtab.domain.plan import Plan, Report
from trimtab.domain.release.policy import acting, releases
from trimtab.domain.service import jobstate
from trimtab.domain.service.announcement import announced
from trimtab.domain.service.bindings import bound, lost, of_shape
from trimtab.domain.service.children import OPTIONAL
from trimtab.domain.service.decide import decide
from trimtab.domain.service.meta import API_VERSION, GATEWAY_API_VERSION, KIND
from trimtab.domain.service.observation import ClusterSettings, Observation, SecretContent
from trimtab.domain.service.references import failed_jobs, secrets_of
from trimtab.domain.service.report import invalid, report
from trimtab.domain.service.revision import recorded
from trimtab.domain.status import condition, same
from trimtab.ports.clock import Clock
from trimtab.ports.cluster import Cluster, ClusterError, DeniedError
from trimtab.ports.recorder import Recorder
from trimtab.ports.secrets import SecretDigests
from trimtab.reconcilers.classes import Classes
from trimtab.reconcilers.execute import execute
from trimtab.reconcilers.identity.injections import Injections
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.validation import explain

LOG_LINES = 20


class MicroserviceReconciler:
    """Keeps one Microservice at a time as declared; stateless but for the nonces that it has seen."""

    def __init__(
        self,
        cluster: Cluster,
        secrets: SecretDigests,
        recorder: Recorder,
        clock: Clock,
        settings: ClusterSettings,
        injections: Injections | None = None,
    ) -> None:
        self._cluster = cluster
        self._secrets = secrets
        self._recorder = recorder
        self._clock = clock
        self._settings = settings
        self._injections = injections
        self._nonces: dict[Key, str] = {}
        self._classes = Classes(cluster)

    async def reconcile(self, run: Run) -> Outcome:
        """One run over one key; raises whatever a later repetition may cure."""
        resource = self._cluster.cached(microservice_ref(run.key))
        if resource is None:
            self._nonces.pop(run.key, None)
            if self._injections is not None:
                self._injections.forget(run.key)
            run.gone = True
            return Done()
        run.generation = resource["metadata"].get("generation")
        if "deletionTimestamp" in resource["metadata"]:
            return Done()
        try:
            spec = MicroserviceSpec.model_validate(resource["spec"])
        except ValidationError as error:
            return await self._publish(resource, invalid(resource, explain(error), self._clock.now()), run)
        observation = await self._observe(run.key, resource, spec)
        plan = decide(observation, self._clock.now())
        if self._injections is not None:
            asked = await self._injections.asked(run.key, observation, plan)
            plan = plan if asked is observation else decide(asked, self._clock.now())
            observation = asked
        observation = await self._record_intent(observation, plan, run)
        failures = await execute(self._cluster, plan.waves, run)
        if plan.waves:
            observation = replace(observation, **self._look(observation.resource))
        result = report(observation, plan, failures, self._clock.now())
        outcome = await self._publish(observation.resource, result, run)
        if self._injections is not None:
            return await self._injections.mended(observation, plan, outcome, run)
        return outcome

    async def _observe(self, key: Key, resource: Object, spec: MicroserviceSpec) -> Observation:
        seen = self._look(resource)
        children: Mapping[ObjectRef, Object] = seen["children"]
        namespace = resource["metadata"]["namespace"]
        bindings = await self._bindings(resource, children)
        names = secrets_of(spec, children, bound(bindings or ()))
        self._heed_nonce(key, resource, names)
        gateway, policy = self._gateway(resource), acting(self._cluster.policies(namespace, key.name))
        observation = Observation(
            resource=resource,
            spec=spec,
            secrets=await self._read_secrets(namespace, names),
            served=frozenset(kind for kind in OPTIONAL if self._cluster.serves(*kind)),
            job_logs={
                name: await self._job_log(namespace, name, seen["pods"])
                for name in failed_jobs(resource, children, self._clock.now())
            },
            gateway=gateway,
            # What an implementation can do is asked only while a release wants something of it: rest costs no request.
            gateway_class=await self._classes.of(spec, gateway) if policy and releases(policy, key.name) else None,
            policy=policy,
            settings=self._settings,
            bindings=bindings,
            **seen,
        )
        return self._injections.known(key, observation) if self._injections is not None else observation

    async def _bindings(self, resource: Object, children: Mapping[ObjectRef, Object]) -> tuple[Object, ...] | None:
        """None while their API is not served, or ends: pods must not lose what they have because a CRD went.

        Who applies a service with its bindings does not want pods without them, whichever watch is the first to tell.
        """
        if not self._cluster.serves(API_VERSION, BINDING):
            return None
        metadata, wanted = resource["metadata"], str((resource.get("status") or {}).get("revision") or "")
        if not wanted:
            await self._cluster.refresh_bindings(resource)
        found = tuple(self._cluster.bindings(metadata["namespace"], metadata["name"]))
        before = recorded(children.values()).get(wanted)
        leaving = before is not None and lost(of_shape(before.shape), found)
        return None if leaving and await self._cluster.ending(BINDING) else found

    def _look(self, resource: Object) -> dict[str, Any]:
        """The part of an observation that comes from the cache and costs no request."""
        metadata = resource["metadata"]
        children = self._cluster.children(uid_of(resource))
        return {
            "children": {ref_of(child): child for child in children},
            "pods": tuple(self._cluster.pods(metadata["namespace"], metadata["name"])),
            "endpoint_slices": tuple(self._cluster.endpoint_slices(metadata["namespace"], metadata["name"])),
        }

    def _heed_nonce(self, key: Key, resource: Object, names: frozenset[str]) -> None:
        """A new value of the annotation `trimtab.dev/reconcile` asks for a fresh look at everything."""
        nonce = resource["metadata"].get("annotations", {}).get(labels.RECONCILE)
        if nonce is None or self._nonces.get(key) == nonce:
            return
        self._nonces[key] = nonce
        for name in names:
            self._secrets.expire(resource["metadata"]["namespace"], name)

    async def _read_secrets(self, namespace: str, names: frozenset[str]) -> Mapping[str, SecretContent]:
        contents: dict[str, SecretContent] = {}
        for name in sorted(names):
            try:
                contents[name] = SecretContent(name=name, digest=await self._secrets.digest(namespace, name))
            except DeniedError:
                continue  # not ours to know: the domain leaves what it does not know as it is
        return contents

    async def _job_log(self, namespace: str, job: str, pods: tuple[Object, ...]) -> str:
        """The tail of the log of the Job's youngest pod; empty if it is gone, for a log is never worth a failure."""
        candidates = jobstate.pods_of(job, pods)
        if not candidates:
            return ""
        youngest = max(candidates, key=lambda pod: str(pod.get("status", {}).get("startTime", "")))
        containers = youngest.get("status", {}).get("containerStatuses") or [{"name": "app"}]
        try:
            return await self._cluster.log_tail(
                namespace, youngest["metadata"]["name"], containers[0]["name"], LOG_LINES
            )
        except ClusterError:
            return ""

    def _gateway(self, resource: Object) -> Object | None:
        named = (resource["spec"].get("expose") or {}).get("gateway")
        if not named:
            return None
        namespace = named.get("namespace") or resource["metadata"]["namespace"]
        return self._cluster.cached(
            ObjectRef(api_version=GATEWAY_API_VERSION, kind="Gateway", namespace=namespace, name=named["name"])
        )

    async def _record_intent(self, observation: Observation, plan: Plan, run: Run) -> Observation:
        """Writes the decision under the observed resourceVersion, before any effect; a conflict drops the reconcile."""
        intent = announced(observation, plan, self._clock.now())
        if intent is None:
            return observation
        resource = observation.resource
        run.writes += 1
        written = await self._write(resource, intent)
        for event in plan.events:
            self._recorder.record(resource, event)
        return replace(observation, resource=written)

    async def _write(self, resource: Object, status: Mapping[str, Any]) -> Object:
        """The status, if the resource is still as it was seen; raises ConflictError if not."""
        version = resource["metadata"]["resourceVersion"]
        return await self._cluster.apply_status(
            ref_of(resource), status, uid=uid_of(resource), resource_version=version
        )

    async def _publish(self, resource: Object, result: Report, run: Run) -> Outcome:
        """Writes the status if it differs, then the Events: an Event about a status that was never written misleads.

        The status repeats what was decided, so it is refused if anybody changed the resource since: a leader that was
        held up would undo what its successor decided.
        """
        run.reason = str(condition(result.status, "Ready").get("reason", ""))
        if not same(result.status, resource.get("status", {})):
            run.writes += 1
            await self._write(resource, result.status)
        for event in result.events:
            self._recorder.record(resource, event)
        return result.outcome


def microservice_ref(key: Key) -> ObjectRef:
    """The Microservice that a key of the queue names."""
    return ObjectRef(api_version=API_VERSION, kind=KIND, namespace=key.namespace, name=key.name)
