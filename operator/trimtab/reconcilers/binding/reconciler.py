"""The reconciler of ServiceBindings: look, decide, record the intent, write to AWS, look again; project, report."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from trimtab.api.reasons import Reason
from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.domain import labels
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.contribution import contributed
from trimtab.domain.binding.observation import Observation, Trouble
from trimtab.domain.binding.projecting import Projected
from trimtab.domain.binding.protocol.decide import decide
from trimtab.domain.binding.protocol.decision import Action, Decision, Finding
from trimtab.domain.binding.protocol.recall import is_lost
from trimtab.domain.binding.protocol.refusal import is_settled
from trimtab.domain.binding.protocol.scene import told
from trimtab.domain.binding.protocol.unsent import unsent
from trimtab.domain.binding.report import invalid, remembered, report
from trimtab.domain.binding.workload import KIND
from trimtab.domain.objects import Object, ObjectRef, ref_of, uid_of
from trimtab.domain.outcome import Done, Outcome, Waiting
from trimtab.domain.plan import Event
from trimtab.domain.service.meta import API_VERSION
from trimtab.domain.status import condition, without_empty
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import Cloud
from trimtab.ports.cluster import Cluster, ConflictError
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers.binding.carrying_out import CarryingOut
from trimtab.reconcilers.binding.looks import Memory
from trimtab.reconcilers.binding.observer import BindingObserver
from trimtab.reconcilers.binding.poll import Poll
from trimtab.reconcilers.binding.secret import keep, project
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.publishing import publish
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.validation import explain

ROUNDS = 8
"""Looks in one run; what takes more goes on in the next one, so that no binding keeps a worker for itself."""

FRESH = 450.0
"""Seconds for which looks are good. Less than the shortest interval of the resync (480 s), which so is the poll."""


class BindingReconciler:
    """Keeps one ServiceBinding at a time as declared. What it remembers of one, it can find out anew."""

    def __init__(
        self,
        cluster: Cluster,
        cloud: Cloud,
        recorder: Recorder,
        clock: Clock,
        identity: Callable[[], ClusterIdentity],
        *,
        board: IdentityBoard,
        fresh: float = FRESH,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._clock = clock
        self._observer = BindingObserver(cluster, identity, board)
        self._board = board
        self._fresh = fresh
        self._memories: dict[Key, Memory] = {}
        self._carrying_out = CarryingOut(cloud, recorder, clock, draw)
        self._poll = Poll(cloud, clock, self._carrying_out, fresh)

    async def reconcile(self, run: Run) -> Outcome:
        """One run over one key; raises whatever a later repetition may cure."""
        resource = self._cluster.cached(_ref(run.key))
        if resource is None or _is_free(resource):
            run.gone = resource is None
            self._forget(run.key)
            return Done()
        run.generation = resource["metadata"].get("generation")
        try:
            spec = ServiceBindingSpec.model_validate(resource["spec"])
        except ValidationError as error:
            return await publish(
                self._cluster, self._recorder, resource, invalid(resource, explain(error), self._clock.now()), run
            )
        observation = await self._observer.observe(run.key, resource, spec)
        memory = self._memories.setdefault(run.key, Memory())
        basis = self._observer.basis(observation)
        resting = memory.resting(basis, self._seconds())
        if resting > 0:
            return Waiting(after=resting, reason="AWS is left alone for a while")
        remembered_ = self._from_memory(observation, memory, basis)
        if remembered_ is not None:
            return await self._tell(observation, *remembered_, run)
        return await self._bring_about(observation, memory, basis, run)

    def noticed(self, arns: Iterable[str]) -> frozenset[Key]:
        """Bindings of which somebody says that they changed in AWS: the next run of these keys looks anew.

        The ARN of a secret may come without its random ending.
        """
        changed = tuple(arns)
        keys = {key_of(each) for each in self._cluster.bindings() if any(_has(each, arn) for arn in changed)}
        for key in keys & self._memories.keys():
            self._memories[key].settled = False
        return frozenset(keys)

    def _from_memory(self, observation: Observation, memory: Memory, basis: str) -> tuple[Decision, Projected] | None:
        """What the last looks say, if they are fresh and nothing is to be done; no call to anybody."""
        secret = (observation.status.get("binding") or {}).get("name", "")
        known = condition(observation.status, "Projected").get("status") == "True" and secret
        if not known or observation.deleting or not memory.is_fresh(basis, self._seconds(), self._fresh):
            return None
        decision = decide(replace(observation, looks=memory.looks), self._clock.now())
        return None if decision.actions else (decision, Projected(secret=secret))

    # --- acting

    async def _bring_about(self, observation: Observation, memory: Memory, basis: str, run: Run) -> Outcome:
        polled = memory.is_due(basis, self._seconds(), self._fresh) and await self._poll.look(observation, memory)
        observation, decision = polled or await self._rounds(observation, memory, run)
        if decision.over:
            return await self._finish(observation, decision, run)
        if any(record.arn for record in decision.records.values()) and not observation.deleting:
            observation = await self._guard(observation, run)
        told = await project(self._cluster, observation, decision, run)
        self._contribute(observation, decision)
        outcome = await self._tell(observation, decision, told, run)
        troubled = bool(observation.troubles)
        memory.failures = memory.failures + 1 if troubled else 0
        memory.remember(
            basis, observation.looks, self._seconds(), settled=not isinstance(outcome, Waiting) and not troubled
        )
        after = [each.after for each in observation.troubles.values()]
        memory.rest = self._seconds() + min(after) if after else 0.0
        return Waiting(after=min(after), reason=run.reason) if after else outcome

    async def _rounds(self, observation: Observation, memory: Memory, run: Run) -> tuple[Observation, Decision]:
        """Until AWS is as declared, or has to be waited for."""
        if isinstance(observation.permit, Grant) and is_lost(observation, guarded=observation.guarded):
            found = await self._carrying_out.recall(observation, observation.permit, memory)
            if isinstance(found, Trouble):
                return replace(observation, troubles={"": found}), Decision(findings=(_unsearched(observation, found),))
            observation = found
        for _ in range(ROUNDS):
            observation = await self._carrying_out.look(observation, memory)
            decision, grant = decide(observation, self._clock.now()), observation.permit
            if not decision.actions or not isinstance(grant, Grant):
                return observation, decision
            before = observation.status
            observation = await self._record(observation, decision, run)
            observation, failed = await self._carrying_out.act(observation, grant, decision, memory, run)
            if failed:
                return observation, self._after_failures(observation, decision, before, failed)
        goes_on = Finding(
            kind=KIND, name=observation.owner.name, reason=Reason.UPDATING, message="more is to be done", after=1.0
        )
        return observation, replace(decision, findings=(*decision.findings, goes_on))

    def _after_failures(
        self, observation: Observation, decision: Decision, before: Mapping[str, Any], failed: tuple[Action, ...]
    ) -> Decision:
        if observation.deleting:
            return decide(observation, self._clock.now())
        findings = [told(each.resource, observation.troubles[each.resource.key]) for each in failed]
        return replace(unsent(decision, before, failed), findings=(*findings, *decision.findings))

    async def _record(self, observation: Observation, decision: Decision, run: Run) -> Observation:
        """The finalizer, then the intent under the resourceVersion that was read; a conflict drops the run.

        It is written each time, even if it says nothing new: it proves that we still may act, on what is still true.
        """
        if not observation.deleting:
            observation = await self._guard(observation, run)
        resource = observation.resource
        ref = ref_of(resource)
        status = without_empty({**observation.status, **remembered(observation, decision)})
        run.writes += 1
        version = resource["metadata"]["resourceVersion"]
        written = await self._cluster.apply_status(ref, status, uid=uid_of(resource), resource_version=version)
        for event in decision.events:
            self._recorder.record(resource, event)
        return replace(observation, resource=written)

    async def _guard(self, observation: Observation, run: Run) -> Observation:
        """Nothing outside the cluster is without the finalizer that looks after its end."""
        resource = observation.resource
        if _is_guarded(resource):
            return observation
        run.writes += 1
        await self._cluster.set_finalizer(ref_of(resource), uid=uid_of(resource), present=True)
        return replace(observation, resource=self._again(observation))

    def _again(self, observation: Observation) -> Object:
        """The same resource with its finalizer; if anything else changed, the run rests on what is no more."""
        resource = self._cluster.cached(ref_of(observation.resource))
        if resource is None or _meaning(resource) != _meaning(observation.resource):
            raise ConflictError("the ServiceBinding changed meanwhile")
        return resource

    async def _finish(self, observation: Observation, decision: Decision, run: Run) -> Outcome:
        """Nothing is left outside the cluster that is not kept on purpose: the object may go."""
        resource = observation.resource
        if decision.retained:
            await keep(self._cluster, observation, run)
            message = "its resources were kept, and its Secret; the same manifest takes them up again"
            self._recorder.record(resource, Event(type="Normal", reason=str(Reason.RESOURCE_RETAINED), message=message))
        for event in decision.events:
            self._recorder.record(resource, event)
        run.writes += 1
        await self._cluster.set_finalizer(ref_of(resource), uid=uid_of(resource), present=False)
        self._forget(run.key)
        return Done()

    # --- telling

    async def _tell(self, observation: Observation, decision: Decision, told: Projected, run: Run) -> Outcome:
        said = report(observation, decision, told, self._clock.now())
        if not decision.actions:  # those of a decision that led to actions were told when it was recorded
            said = replace(said, events=(*decision.events, *said.events))
        return await publish(self._cluster, self._recorder, observation.resource, said, run)

    def _contribute(self, observation: Observation, decision: Decision) -> None:
        """What the workloads may do, to whoever keeps their roles; after a look that failed, nothing new is known."""
        grant, owner = observation.permit, observation.owner
        if grant is None or observation.troubles or observation.deleting:
            return
        if not isinstance(grant, Grant):
            if is_settled(observation, grant, self._clock.now()):
                self._board.withdraw(owner.namespace, owner.name)
            return
        contribution = contributed(observation, decision, grant, self._observer.workloads(observation))
        if contribution is not None:
            self._board.contribute(owner.namespace, owner.name, contribution)

    def _forget(self, key: Key) -> None:
        self._memories.pop(key, None)
        self._board.forget(key.namespace, key.name)

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


def key_of(binding: Object) -> Key:
    """The key of a ServiceBinding."""
    return Key(KIND, binding["metadata"]["namespace"], binding["metadata"]["name"])


def _ref(key: Key) -> ObjectRef:
    return ObjectRef(api_version=API_VERSION, kind=KIND, namespace=key.namespace, name=key.name)


def _unsearched(observation: Observation, met: Trouble) -> Finding:
    after = None if met.stalled else met.after
    return Finding(kind=KIND, name=observation.owner.name, reason=met.reason, message=met.message, after=after)


def _is_guarded(resource: Object) -> bool:
    return labels.BINDING_FINALIZER in (resource["metadata"].get("finalizers") or ())


def _is_free(resource: Object) -> bool:
    """Whether it is being deleted, and nothing of ours holds that up."""
    return "deletionTimestamp" in resource["metadata"] and not _is_guarded(resource)


def _meaning(resource: Object) -> Mapping[str, Any]:
    metadata = resource["metadata"]
    kept = {name: metadata.get(name) for name in ("uid", "generation", "annotations", "deletionTimestamp")}
    return {**kept, "status": resource.get("status")}


def _has(binding: Object, arn: str) -> bool:
    found = [str(each.get("arn", "")) for each in (binding.get("status") or {}).get("resources") or ()]
    return any(each == arn or each.startswith(f"{arn}-") for each in found)
