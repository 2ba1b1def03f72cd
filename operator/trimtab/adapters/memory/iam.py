"""IAM roles and EKS Pod Identity associations in memory, with the limits and refusals of the real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.document import Document, size
from trimtab.domain.binding.identity.packing import INLINE, MANAGED, MOST
from trimtab.domain.binding.identity.role import Association, Subject
from trimtab.domain.binding.identity.steps import Step
from trimtab.ports.cloud import CloudBusyError, CloudExistsError, CloudInvalidError, CloudQuotaError

VERSIONS = 5


@dataclass(slots=True)
class Role:
    """A role as IAM keeps it."""

    path: str
    trust: Document
    boundary: str
    tags: dict[str, str]
    created: datetime
    inline: dict[str, Document] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Policy:
    """A managed policy; the last of `versions` need not be the default."""

    versions: dict[str, Document]
    default: str
    tags: dict[str, str]
    made: int = 1


class MemoryIam:
    """One account. Tests read and edit it as somebody else would."""

    def __init__(self, account: str = "123456789012") -> None:
        self.account = account
        self.roles: dict[str, Role] = {}
        self.policies: dict[str, Policy] = {}
        self.associations: dict[Subject, Association] = {}
        self._numbers = count(1)

    def apply(self, step: Step, now: datetime) -> None:
        """Carries out one call; raises what AWS would answer, as the port has it."""
        match step:
            case steps.CreateRole():
                if step.name in self.roles:
                    raise CloudExistsError(f"role {step.name} exists")
                self.roles[step.name] = Role(step.path, step.trust, step.boundary, dict(step.tags), now)
            case steps.Associate() | steps.Reassociate() | steps.Dissociate():
                self._associate(step)
            case steps.CreatePolicy() | steps.AddVersion() | steps.DeleteVersion() | steps.DeletePolicy():
                self._change_policy(step)
            case steps.Attach() | steps.Detach():
                self._attach(step)
            case _:
                self._change_role(step)

    def _change_role(self, step: Step) -> None:
        match step:
            case steps.TagRole():
                self._role(step.name).tags.update(step.tags)
            case steps.SetTrust():
                self._role(step.name).trust = step.trust
            case steps.SetBoundary():
                self._role(step.name).boundary = step.boundary
            case steps.PutInline():
                role = self._role(step.name)
                if sum(size(each) for each in {**role.inline, step.policy: step.document}.values()) > INLINE:
                    raise CloudQuotaError("inline policies are too long")
                role.inline[step.policy] = step.document
            case steps.DeleteInline():
                self._role(step.name).inline.pop(step.policy, None)
            case steps.DeleteRole():
                role = self._role(step.name)
                if role.inline or role.attached:
                    raise CloudBusyError(f"role {step.name} has policies")
                del self.roles[step.name]

    def _change_policy(self, step: Step) -> None:
        match step:
            case steps.CreatePolicy():
                arn = f"arn:aws:iam::{self.account}:policy{step.path}{step.name}"
                if arn in self.policies:
                    raise CloudExistsError(f"policy {step.name} exists")
                self.policies[arn] = Policy({"v1": _short(step.document)}, "v1", dict(step.tags))
            case steps.AddVersion():
                policy = self._policy(step.arn)
                if len(policy.versions) >= VERSIONS:
                    raise CloudQuotaError("too many versions")
                policy.made += 1
                policy.default = f"v{policy.made}"
                policy.versions[policy.default] = _short(step.document)
            case steps.DeleteVersion():
                if self._policy(step.arn).default == step.version:
                    raise CloudBusyError("the default version cannot be deleted")
                self._policy(step.arn).versions.pop(step.version, None)
            case steps.DeletePolicy():
                attached = any(step.arn in role.attached for role in self.roles.values())
                if attached or len(self.policies[step.arn].versions if step.arn in self.policies else ()) > 1:
                    raise CloudBusyError("the policy is attached, or has versions")
                self.policies.pop(step.arn, None)

    def _attach(self, step: Step) -> None:
        match step:
            case steps.Attach():
                role = self._role(step.name)
                self._policy(step.arn)
                if len(role.attached) >= MOST and step.arn not in role.attached:
                    raise CloudQuotaError("too many attached policies")
                role.attached = sorted({*role.attached, step.arn})
            case steps.Detach():
                role = self._role(step.name)
                role.attached = [each for each in role.attached if each != step.arn]

    def _associate(self, step: Step) -> None:
        match step:
            case steps.Associate():
                if step.subject in self.associations:
                    raise CloudExistsError("the ServiceAccount has an association")
                if step.role_arn.rpartition("/")[2] not in self.roles:
                    raise CloudInvalidError("no such role")
                made = Association(id=f"a-{next(self._numbers)}", role_arn=step.role_arn, tags=dict(step.tags))
                self.associations[step.subject] = made
            case steps.Reassociate():
                for subject, each in self.associations.items():
                    if each.id == step.id:
                        self.associations[subject] = Association(id=each.id, role_arn=step.role_arn, tags=each.tags)
            case steps.Dissociate():
                kept = {subject: each for subject, each in self.associations.items() if each.id != step.id}
                self.associations = kept

    def _role(self, name: str) -> Role:
        if name not in self.roles:
            raise CloudBusyError(f"role {name} is not known")
        return self.roles[name]

    def _policy(self, arn: str) -> Policy:
        if arn not in self.policies:
            raise CloudBusyError(f"policy {arn} is not known")
        return self.policies[arn]

    def state(self) -> Mapping[str, object]:
        """All of it in comparable form, without ids, versions and times."""
        return {
            "roles": {
                name: (each.path, each.trust, each.boundary, each.tags, each.inline, each.attached)
                for name, each in self.roles.items()
            },
            "policies": {arn: (each.versions[each.default], each.tags) for arn, each in self.policies.items()},
            "associations": {subject: (each.role_arn, each.tags) for subject, each in self.associations.items()},
        }


def _short(document: Document) -> Document:
    if size(document) > MANAGED:
        raise CloudQuotaError("the policy is too long")
    return document
