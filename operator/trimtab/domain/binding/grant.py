"""What a BindingPolicy lets one namespace do in AWS. Only `policy.py` makes one; whoever calls AWS checks it."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from trimtab.domain.binding.identity.policy import IdentityPolicy
from trimtab.domain.binding.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A permit. `policy` is the BindingPolicy's name, `role_arn` and `external_id` what is assumed for every call.

    `namespace` and `cluster` become session tags. `services` are members of spec. `adoptable` are patterns of ARNs
    that may be taken over; `adopted` is the ARN that this binding takes over, if any. `identity` is about the roles of
    workloads, `deletion_policies` about the end of resources. `kms_keys` are patterns of keys of KMS that a spec may
    name.
    """

    policy: str
    role_arn: str
    external_id: str
    region: str
    cluster: str
    namespace: str
    services: frozenset[str]
    prefix: str
    adoptable: tuple[str, ...] = ()
    adopted: str = ""
    identity: IdentityPolicy = field(default_factory=IdentityPolicy)
    deletion_policies: frozenset[str] = frozenset({"Retain", "Delete"})
    kms_keys: tuple[str, ...] = ()

    @property
    def partition(self) -> str:
        """That of the role, and so of all that it can reach."""
        return self.role_arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]

    def covers(self, resource: Resource, arn: str = "") -> bool:
        """Whether a call about the resource is permitted at all; `arn` is that which the call names it by, if any."""
        if resource.service not in self.services:
            return False
        if arn and arn == self.adopted:
            return self._may_adopt
        if arn and not self._within(arn):
            return False
        return resource.name.startswith(self.prefix) or (self._may_adopt and resource.name == _parts(self.adopted)[-1])

    @property
    def _may_adopt(self) -> bool:
        return bool(self.adopted) and admits(self.adoptable, self.adopted)

    def _within(self, arn: str) -> bool:
        """Whether an ARN is of our account and region, as far as it names them, and of a name that we may use."""
        region, account = [*arn.split(":"), *[""] * 5][3:5]
        if region not in ("", self.region) or account not in ("", self.account):
            return False
        parts = _parts(arn)
        return any(part.startswith(self.prefix) for part in parts) or (
            self._may_adopt and _parts(self.adopted)[-1] in parts
        )


def _parts(arn: str) -> list[str]:
    """What an ARN says of the resource itself: `table/orders` is table and orders."""
    return re.split("[:/]", arn.split(":", 5)[-1])


def admits(patterns: Collection[str], arn: str) -> bool:
    """Whether one of the patterns admits an ARN of one whole resource, such as a queue or `table/orders`.

    `*` and `?` stay within one part of it: a name with a further `:` or `/` in it would be another resource's.
    """
    return bool(_WHOLE.fullmatch(arn)) and any(_pattern(pattern).fullmatch(arn) for pattern in patterns)


_WHOLE = re.compile(
    r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:([A-Za-z0-9_.-]+|[a-z]+/[A-Za-z0-9_.-]+|secret:[A-Za-z0-9/_+=.@-]+)"
)


def _pattern(pattern: str) -> re.Pattern[str]:
    within = "[^:]" if ":secretsmanager:" in pattern else "[^:/]"
    parts = (f"{within}*" if part == "*" else within if part == "?" else re.escape(part) for part in pattern)
    return re.compile("".join(parts))


def any_of(patterns: Collection[str], arn: str) -> bool:
    """Whether an ARN fits one of the patterns (`*` and `?` as in file names)."""
    return any(fnmatchcase(arn, pattern) for pattern in patterns)
