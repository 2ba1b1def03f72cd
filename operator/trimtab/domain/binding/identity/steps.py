"""What is done to a role, one call of AWS each. Every step may be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.domain.binding.identity.document import Document
from trimtab.domain.binding.identity.role import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole:
    """With its tags, in one call. An empty `boundary` means none."""

    name: str
    path: str
    trust: Document
    boundary: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRole:
    """Sets these tags and leaves the others."""

    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTrust:
    """Who may be the role."""

    name: str
    trust: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBoundary:
    """The ARN of the permissions boundary."""

    name: str
    boundary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInline:
    """The whole inline policy of that name."""

    name: str
    policy: str
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteInline:
    """An inline policy."""

    name: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePolicy:
    """A managed policy; it is not attached yet."""

    name: str
    path: str
    document: Document
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddVersion:
    """A version of a managed policy, which is the default at once."""

    arn: str
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVersion:
    """A version that is not the default."""

    arn: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """A managed policy to the role."""

    name: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach:
    """A managed policy from the role."""

    name: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePolicy:
    """A managed policy that nothing is attached to and that has one version."""

    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRole:
    """A role without policies."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Associate:
    """A ServiceAccount with a role. The same `token` (at most 64 characters) never makes two associations."""

    subject: Subject
    role_arn: str
    token: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassociate:
    """An association with another role."""

    cluster_name: str
    id: str
    role_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissociate:
    """Ends an association."""

    cluster_name: str
    id: str


Step = (
    CreateRole
    | TagRole
    | SetTrust
    | SetBoundary
    | PutInline
    | DeleteInline
    | CreatePolicy
    | AddVersion
    | DeleteVersion
    | Attach
    | Detach
    | DeletePolicy
    | DeleteRole
    | Associate
    | Reassociate
    | Dissociate
)
