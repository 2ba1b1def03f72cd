"""The reconciler of BindingPolicies: what the role lacks, and what was left behind in AWS."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.binding import ownership
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.policies.administration import of_role
from trimtab.domain.binding.policies.policy import Policy, grant_of
from trimtab.domain.binding.policies.report import Survey, invalid, report, told_missing
from trimtab.domain.binding.policies.sweep import MOST, Tagged, is_still, retained, suspects
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.outcome import Done, Outcome, Waiting
from trimtab.domain.plan import Event
from trimtab.domain.service.meta import API_VERSION
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import Cloud, CloudError, CloudLeaseLostError
from trimtab.ports.cluster import Cluster, DeniedError
from trimtab.ports.recorder import Recorder
from trimtab.ports.roles import Roles
from trimtab.reconcilers.binding import audit
from trimtab.reconcilers.binding.troubles import trouble
from trimtab.reconcilers.identity.sweep import sweep as sweep_roles
from trimtab.reconcilers.publishing import publish
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.validation import explain

KIND = "BindingPolicy"
FRESH = 450.0
"""Seconds for which a survey is good: less than the shortest interval of the resync, which so is its pace."""


@dataclass(frozen=True, slots=True)
class _Seen:
    basis: str
    at: float
    survey: Survey


class PolicyReconciler:
    """Looks after one BindingPolicy at a time. It needs none of its own memory.

    Every binding that comes or goes wakes it, to count; only time and a change of the policy have it ask AWS.
    """

    def __init__(
        self,
        cluster: Cluster,
        cloud: Cloud,
        roles: Roles,
        recorder: Recorder,
        clock: Clock,
        identity: Callable[[], ClusterIdentity],
        *,
        fresh: float = FRESH,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cluster = cluster
        self._cloud = cloud
        self._roles = roles
        self._recorder = recorder
        self._clock = clock
        self._identity = identity
        self._fresh = fresh
        self._draw = draw
        self._seen: dict[Key, _Seen] = {}
        self._troubled: dict[Key, _Seen] = {}
        self._failures: dict[Key, int] = {}

    async def reconcile(self, run: Run) -> Outcome:
        """One run over one key; raises whatever a later repetition may cure."""
        resource = self._cluster.cached(_ref(run.key))
        if resource is None or "deletionTimestamp" in resource["metadata"]:
            run.gone = resource is None
            for memory in (self._seen, self._troubled, self._failures):
                memory.pop(run.key, None)
            return Done()
        run.generation = resource["metadata"].get("generation")
        try:
            spec = BindingPolicySpec.model_validate(resource["spec"])
        except ValidationError as error:
            return await publish(
                self._cluster, self._recorder, resource, invalid(resource, explain(error), self._clock.now()), run
            )
        policy, basis = Policy(name=run.key.name, spec=spec), _basis(resource)
        if not self._identity().id:
            return Done()
        recalled = self._recalled(run.key, basis)
        survey, left = recalled or (await self._surveyed(run, resource, policy, basis), None)
        said = report(resource, survey, self._clock.now())
        outcome = await publish(self._cluster, self._recorder, resource, said, run)
        # Whoever woke it has dropped the timer of the next survey, which is not to begin anew each time.
        return outcome if left is None else Waiting(after=left, reason=run.reason)

    def _recalled(self, key: Key, basis: str) -> tuple[Survey, float] | None:
        """The last survey with the bindings of now, and the seconds for which AWS is not to be asked again."""
        seen = self._troubled.get(key) or self._seen.get(key)
        if seen is None or seen.basis != basis:
            return None
        age, trouble = self._clock.now().timestamp() - seen.at, seen.survey.trouble
        left = (self._fresh if trouble is None else trouble.after) - age
        if age < 0 or left <= 0:
            return None
        return replace(seen.survey, bindings=self._permitted(key.name)), left

    async def _surveyed(self, run: Run, resource: Object, policy: Policy, basis: str) -> Survey:
        """A new survey, which is remembered. What an older one found out holds on while a new one is in trouble."""
        seen, now = self._seen.get(run.key), self._clock.now().timestamp()
        survey = await self._survey(run, resource, policy, seen if seen and seen.basis == basis else None)
        if survey.trouble is not None:
            self._troubled[run.key] = _Seen(basis, now, survey)
        else:
            self._troubled.pop(run.key, None)
            self._seen[run.key] = _Seen(basis, now, survey)
        return survey

    async def _survey(self, run: Run, resource: Object, policy: Policy, seen: _Seen | None) -> Survey:
        """Each part by itself: a region or a right that fails keeps no other from being looked at."""
        troubles: list[CloudError] = []
        survey = Survey(
            account=policy.spec.role_arn.split(":")[4],
            bindings=self._permitted(policy.name),
            missing=told_missing(resource),
        )
        try:
            survey = replace(survey, missing=await self._lacking(policy, seen))
        except CloudError as error:
            troubles.append(error)
        unseen: list[CloudError] = []
        orphans, kept = await self._search(run, resource, policy, unseen)
        if not unseen:
            survey = replace(survey, orphans=orphans, retained=kept)
        troubles += unseen
        try:
            survey = replace(survey, roles=await self._sweep_roles(policy))
        except CloudError as error:
            troubles.append(error)
        if not troubles:
            self._failures.pop(run.key, None)
            return survey
        failures = self._failures[run.key] = self._failures.get(run.key, 0) + 1
        return replace(survey, trouble=trouble(troubles[0], None, failures - 1, self._draw))

    async def _search(
        self, run: Run, resource: Object, policy: Policy, troubles: list[CloudError]
    ) -> tuple[tuple[Tagged, ...], tuple[Tagged, ...]]:
        """Orphans and what was retained, of all regions; those that failed are in `troubles`."""
        orphans: list[Tagged] = []
        kept: list[Tagged] = []
        for region in policy.spec.regions:
            grant = self._grant(policy, region)
            try:
                found = await self._cloud.tagged(grant, {ownership.CLUSTER: grant.cluster})
                kept += retained(found, grant)
                suspected = [each async for each in self._orphans(resource, grant, found)]
                orphans += [each for each in suspected if not await self._delete(run, resource, policy, each)]
            except CloudError as error:
                troubles.append(error)
        return tuple(orphans[:MOST]), tuple(kept[:MOST])

    def _grant(self, policy: Policy, region: str) -> Grant:
        return grant_of(policy, region, self._identity().id)

    def _permitted(self, name: str) -> int:
        found = self._cluster.bindings()
        return sum(1 for each in found if (each.get("status") or {}).get("policy") == name)

    async def _lacking(self, policy: Policy, seen: _Seen | None) -> frozenset[str] | None:
        """Asked once in a process and for each spec, and again as long as something is missing."""
        if seen is not None and not seen.survey.missing:
            return seen.survey.missing
        grant = self._grant(policy, policy.spec.regions[0])
        return await self._cloud.lacking(grant, of_role(grant))

    async def _orphans(
        self, resource: Object, grant: Grant, found: Mapping[str, Mapping[str, str]]
    ) -> AsyncIterator[Tagged]:
        known = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in self._cluster.bindings()}
        before = (resource.get("status") or {}).get("orphans") or ()
        for each in suspects(found, grant, known, before, self._clock.now()):
            if await self._is_gone(each):
                yield each

    async def _is_gone(self, suspect: Tagged) -> bool:
        """By a live read: its namespace may not be ours to watch, or the binding so new that no watch told of it."""
        owner = suspect.owner
        ref = ObjectRef(api_version=API_VERSION, kind=BINDING, namespace=owner.namespace, name=owner.name)
        try:
            return await self._cluster.get(ref) is None
        except DeniedError:
            return False

    async def _delete(self, run: Run, resource: Object, policy: Policy, orphan: Tagged) -> bool:
        """Whether it was deleted: as the policy says, and only what says of itself that it was to go."""
        grant = self._grant(policy, orphan.region)
        if not orphan.may_go(self._clock.now()) or not self._all_agree(grant, orphan):
            return False
        if await self._cluster.ending(BINDING):
            return False  # without the CRD, no binding is to be seen
        if orphan.resource.service not in grant.services:
            return False
        live = await self._cloud.look(grant, orphan.resource, arn=orphan.arn)
        if live is None or not is_still(orphan, live):
            return live is None
        run.writes += 1
        error: CloudError | None = None
        try:
            await self._cloud.delete(grant, orphan.resource, live)
        except CloudLeaseLostError:
            raise
        except CloudError as refused:
            error = refused  # it is told as an orphan still, and why is in the audit log
        audit.swept(grant, orphan, error, run.trace)
        if error is None:
            event = Event(type="Normal", reason=str(Reason.ORPHAN_DELETED), message=orphan.arn)
            self._recorder.record(resource, event)
        return error is None

    def _all_agree(self, grant: Grant, orphan: Tagged) -> bool:
        """Whether every policy that it may have been made under has orphans deleted; what cannot be read does not."""
        for each in self._cluster.binding_policies():
            try:
                spec = BindingPolicySpec.model_validate(each["spec"])
            except ValidationError:
                return False
            same = spec.role_arn.split(":")[4] == grant.account and orphan.resource.name.startswith(spec.name_prefix)
            if same and spec.orphans != "Delete":
                return False
        return True

    async def _sweep_roles(self, policy: Policy) -> tuple[str, ...]:
        if policy.spec.identity.mode == "None":
            return ()
        grant = self._grant(policy, policy.spec.regions[0])
        delete = policy.spec.orphans == "Delete"
        return await sweep_roles(self._roles, self._cluster, self._identity(), grant, delete=delete)


def _ref(key: Key) -> ObjectRef:
    return ObjectRef(api_version=API_VERSION, kind=KIND, namespace="", name=key.name)


def _basis(resource: Object) -> str:
    metadata = resource["metadata"]
    nonce = (metadata.get("annotations") or {}).get(labels.RECONCILE, "")
    return repr((metadata.get("uid"), metadata.get("generation"), nonce))
