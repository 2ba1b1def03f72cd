"""The port of roles on IAM in memory, as one process of the operator sees it, with faults on demand."""

from collections import Counter
from dataclasses import replace

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.cluster import Crash, Fault
from trimtab.adapters.memory.iam import MemoryIam
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.role import (
    POLICY,
    Bearer,
    Found,
    LivePolicy,
    LiveRole,
    Subject,
    policy_path,
)
from trimtab.domain.binding.identity.steps import Step
from trimtab.domain.binding.ownership import CLUSTER, NAMESPACE, UID
from trimtab.domain.labels import MICROSERVICE
from trimtab.ports.cloud import CloudError, CloudUnavailableError


class MemoryRoles:
    """See trimtab.ports.roles. `refuse` answers every call with this error; `blind` looks see no role (consistency)."""

    def __init__(self, iam: MemoryIam, clock: MemoryClock, fault: Fault | None = None) -> None:
        self._iam = iam
        self._clock = clock
        self._fault = fault
        self.refuse: CloudError | None = None
        self.blind = 0
        self.looks = 0
        self.steps: list[Step] = []

    @property
    def counts(self) -> Counter[str]:
        """How often each kind of step was carried out."""
        return Counter(type(step).__name__ for step in self.steps)

    async def look(self, grant: Grant, name: str, subject: Subject | None) -> Found:
        """See the port."""
        self.looks += 1
        if self.refuse is not None:
            raise self.refuse
        association = self._iam.associations.get(subject) if subject is not None else None
        if self.blind:
            self.blind -= 1
            return Found()
        return Found(role=self._role(name), policies=self._policies(grant, name), association=association)

    async def carry_out(self, grant: Grant, step: Step) -> None:
        """See the port."""
        if self.refuse is not None:
            raise self.refuse
        self.steps.append(step)
        hit = self._fault.kind if self._fault is not None and self._fault.at == len(self.steps) else ""
        if hit == "before":
            raise Crash
        self._iam.apply(step, self._clock.now())
        if hit == "after":
            raise Crash
        if hit == "lost":
            raise CloudUnavailableError("no answer")

    async def bearers(self, grant: Grant, known: frozenset[str]) -> tuple[tuple[str, Bearer], ...]:
        """See the port."""
        if self.refuse is not None:
            raise self.refuse
        return tuple(
            (name, _bearer(role.tags))
            for name, role in sorted(self._iam.roles.items())
            if role.path == grant.identity.role_path
            and name.startswith(grant.prefix)
            and name not in known
            and CLUSTER in role.tags
        )

    def _role(self, name: str) -> LiveRole | None:
        role = self._iam.roles.get(name)
        if role is None:
            return None
        own = policy_path(role.path, name)
        return LiveRole(
            arn=f"arn:aws:iam::{self._iam.account}:role{role.path}{name}",
            trust=role.trust,
            boundary=role.boundary,
            tags=dict(role.tags),
            created=role.created,
            inline=role.inline.get(POLICY),
            foreign_inline=tuple(each for each in role.inline if each != POLICY),
            foreign=tuple(arn for arn in role.attached if f":policy{own}" not in arn),
        )

    def _policies(self, grant: Grant, name: str) -> tuple[LivePolicy, ...]:
        role = self._iam.roles.get(name)
        begin = f"arn:aws:iam::{self._iam.account}:policy{policy_path(grant.identity.role_path, name)}{name}-"
        found = []
        for arn, policy in sorted(self._iam.policies.items()):
            if arn.startswith(begin):
                live = LivePolicy(
                    arn=arn,
                    number=int(arn.removeprefix(begin)),
                    document=policy.versions[policy.default],
                    versions=tuple(policy.versions),
                    default=policy.default,
                    attached=False,
                )
                found.append(replace(live, attached=role is not None and arn in role.attached))
        return tuple(found)


def _bearer(tags: dict[str, str]) -> Bearer:
    return Bearer(
        cluster=tags.get(CLUSTER, ""),
        namespace=tags.get(NAMESPACE, ""),
        microservice=tags.get(MICROSERVICE, ""),
        uid=tags.get(UID, ""),
    )
