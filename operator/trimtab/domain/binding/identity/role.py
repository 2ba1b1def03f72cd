"""The role of one Microservice: as it should be, and as a look finds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.domain import names
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.document import Document, Right
from trimtab.domain.binding.ownership import CLUSTER, NAMESPACE, UID
from trimtab.domain.labels import MICROSERVICE

POLICY = "trimtab"
"""Name of our inline policy."""

FRESH = 120.0
"""Seconds in which a new role, policy or trust may be unknown to parts of AWS (IAM is eventually consistent)."""

_LONGEST = 64
"""Characters of a role's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whose role it is. `cluster` is the cluster's id, `uid` that of the Microservice; empty if it is gone."""

    cluster: str
    namespace: str
    microservice: str
    uid: str = ""

    def tags(self) -> Mapping[str, str]:
        """The tags by which the role is known as ours."""
        tags = {CLUSTER: self.cluster, NAMESPACE: self.namespace, MICROSERVICE: self.microservice, UID: self.uid}
        return {key: value for key, value in tags.items() if value}

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether these tags say so, whatever the UID: a Microservice that was made anew goes on with its role."""
        return all(tags.get(key) == value for key, value in self.tags().items() if key != UID)


def role_name(grant: Grant, bearer: Bearer) -> str:
    """Deterministic. Unlike names of bindings' resources it depends on the cluster: a role is not handed over."""
    digest = names.digest(names.canonical([bearer.cluster, bearer.namespace, bearer.microservice]))
    room = _LONGEST - len(grant.prefix) - len(digest) - 1
    return f"{grant.prefix}{f'{bearer.namespace}-{bearer.microservice}'[:room].rstrip('-')}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is associated with a role by EKS Pod Identity: a ServiceAccount of a cluster as EKS names it."""

    cluster_name: str
    namespace: str
    service_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as it should be. `path` has a slash at both ends; `boundary` is an ARN, or empty for any or none.

    `subject` is the ServiceAccount that we would make, None without Pod Identity; `associated` says whether it is the
    one that pods use: an association with it is to exist, or else not to.
    """

    name: str
    path: str
    arn: str
    trust: Document
    boundary: str
    tags: Mapping[str, str]
    rights: frozenset[Right]
    subject: Subject | None = None
    associated: bool = True

    @property
    def policy_path(self) -> str:
        """The IAM path of its managed policies, which nothing else has."""
        return policy_path(self.path, self.name)

    def policy_arn(self, number: int) -> str:
        """That of its managed policy of that number."""
        return f"{self.arn.partition(':role/')[0]}:policy{self.policy_path}{policy_name(self.name, number)}"


def role_arn(grant: Grant, name: str) -> str:
    """The ARN of a role below the policy's path."""
    return f"arn:{grant.partition}:iam::{grant.account}:role{grant.identity.role_path}{name}"


def policy_path(path: str, role: str) -> str:
    """The IAM path of the managed policies of one role."""
    return f"{path}{role}/"


def policy_name(role: str, number: int) -> str:
    """Name of one of a role's managed policies."""
    return f"{role}-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicy:
    """A managed policy of the role's own path. `document` is that of the default version.

    `versions` are the ids of all versions, the oldest first; `default` is one of them.
    """

    arn: str
    number: int
    document: Document
    versions: tuple[str, ...]
    default: str
    attached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRole:
    """What AWS has. `inline` is our inline policy's document, None if there is none.

    `foreign` are ARNs of attached policies that are not the role's own, `foreign_inline` names of other inline ones.
    """

    arn: str
    trust: Document
    boundary: str
    tags: Mapping[str, str]
    created: datetime
    inline: Document | None = None
    foreign_inline: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What EKS associates a ServiceAccount with."""

    id: str
    role_arn: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one look finds. `policies` may be there without their role, if somebody deleted it."""

    role: LiveRole | None = None
    policies: tuple[LivePolicy, ...] = field(default=())
    association: Association | None = None
