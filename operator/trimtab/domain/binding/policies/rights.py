"""Statements that several services share: the operator's own rights by tag, and the use of keys of AWS KMS."""

from collections.abc import Iterable, Iterator

from trimtab.domain.binding.place import Place
from trimtab.domain.binding.service import Statement

WITH_OWNER = {"Null": {"aws:RequestTag/trimtab.dev/cluster": "false"}}
"""Only a creation that says at once which cluster it is for."""

OWNED = {"Null": {"aws:ResourceTag/trimtab.dev/cluster": "false"}}
"""Only what a cluster owns."""


def key_use(place: Place, service: str, key: str, *actions: str) -> tuple[Statement, ...]:
    """`actions` on a key of KMS, through `service` (such as `sqs`) only. `key` is an ARN, an id or an alias; or empty.

    The keys that AWS manages (alias/aws/...) let everybody of the account use them through their service.
    """
    name = key.rpartition(":")[2]
    if not actions or not name or name.startswith("alias/aws/"):
        return ()
    conditions = _through(service, place.region)
    if name.startswith("alias/"):
        conditions["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": name}
        name = "key/*"
    arn = place.arn("kms", name if name.startswith("key/") else f"key/{name}")
    if key.startswith("arn:"):
        arn = ":".join([*key.split(":")[:5], arn.rpartition(":")[2]])
    return (Statement(actions=actions, resources=(arn,), conditions=conditions),)


def key_upkeep(patterns: Iterable[str], account: str, service: str, *actions: str) -> Iterator[Statement]:
    """`actions` on all keys of KMS that fit one of `patterns` (as spec.kmsKeys has them), through `service` only.

    `account` begins the ARNs of keys that are named without: `arn:aws:kms:*:123456789012`. IAM judges a use by an alias
    by the aliases of the key.
    """
    for pattern in patterns:
        named = pattern.startswith("arn:")
        parts = [*pattern.split(":", 5), "*", "*", "*", "*", "*"] if named else [*account.split(":"), pattern]
        home, name = ":".join(parts[:5]), parts[5].rpartition(":")[2]
        conditions = _through(service, "*")
        if name.startswith("alias/"):
            conditions["ForAnyValue:StringLike"] = {"kms:ResourceAliases": name}
            name = "*"
        key = f"{home}:key/{name.removeprefix('key/')}"
        yield Statement(actions=actions, resources=(key,), conditions=conditions)


def _through(service: str, region: str) -> dict[str, dict[str, str]]:
    """Uses that a service of AWS makes for somebody; its name ends in .cn in China."""
    return {"StringLike": {"kms:ViaService": f"{service}.{region}.amazonaws.com*"}}
