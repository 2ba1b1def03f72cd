"""Where a binding's resources live, and what they are called there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.domain import names


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A resource of another binding of the namespace that delivers into this one's.

    `principal` is the service that calls, such as `sns.amazonaws.com`; `arn` is the resource on whose behalf.
    """

    principal: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account and region of AWS as seen from one ServiceBinding.

    `partition` is that of ARNs (`aws`, `aws-cn`); `prefix` is the policy's namePrefix; `cluster` is the cluster's id.

    `recorded` are names in AWS by the key of the resource: those of status and of what is taken over. `applied` are the
    settings, by the key of the resource, that were once declared and seen to be in effect. `protected` is the binding's
    deletionProtection. `targets` are the ARNs of the bindings that this one delivers to (`Backing.targets`), by name
    and all of them; `senders` are the resources of the bindings that name this one there, sorted by ARN, as far as they
    exist.
    """

    partition: str
    account: str
    region: str
    cluster: str
    prefix: str
    namespace: str
    name: str
    uid: str
    recorded: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, Collection[str]] = field(default_factory=dict)
    protected: bool = False
    targets: Mapping[str, str] = field(default_factory=dict)
    senders: tuple[Sender, ...] = ()

    def external(self, key: str, *, limit: int, suffix: str = "", scope: str = "") -> str:
        """A name for the resource `key` with at most `limit` characters, of [a-z0-9-] beyond prefix and `suffix`.

        It holds a digest of namespace, binding and key, so that shortened names differ. Neither the UID nor the cluster
        is part of it: the same manifest finds its resource again after a restore or on another cluster. What is named
        among all accounts has its account as `scope`. A recorded name of that key wins.
        """
        if key in self.recorded:
            return self.recorded[key]
        digest = names.digest(names.canonical([self.namespace, self.name, key, *filter(None, [scope])]))
        readable = "-".join(part for part in (self.namespace, self.name, key.lower()) if part).replace(".", "-")
        room = limit - len(self.prefix) - len(suffix) - len(digest) - 1
        return f"{self.prefix}{readable[:room].rstrip('-')}-{digest}{suffix}"

    def declared(self, key: str, asked: Mapping[str, Any], otherwise: Mapping[str, Any]) -> dict[str, Any]:
        """The settings to declare of the resource `key`: those `asked` for, without what is None.

        What was applied once and is not asked for any more becomes what it is `otherwise`; what never was is left out,
        and so is nobody's business.
        """
        once = self.applied.get(key, ())
        undone = {name: value for name, value in otherwise.items() if name in once}
        return undone | {name: value for name, value in asked.items() if value is not None}

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """The ARN of a resource in this account; those of S3 have neither region nor account."""
        return f"arn:{self.partition}:{service}:{self.region * region}:{self.account * account}:{resource}"
