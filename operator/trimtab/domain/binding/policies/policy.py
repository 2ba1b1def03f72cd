"""What BindingPolicies permit a namespace: default deny."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trimtab.api.backing import MEMBERS
from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.api.reasons import Reason
from trimtab.api.servicebinding import BindingFields
from trimtab.domain.binding.grant import Grant, admits, any_of
from trimtab.domain.binding.identity.policy import IdentityPolicy
from trimtab.domain.objects import Object
from trimtab.domain.selectors import selects


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A BindingPolicy."""

    name: str
    spec: BindingPolicySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What was missing, for people. Not `certain`: there is a policy that this version cannot understand."""

    message: str
    reason: Reason = Reason.POLICY_DENIED
    certain: bool = True


def permit(
    binding: Object,
    spec: BindingFields,
    namespace: Object | None,
    policies: Iterable[Policy],
    others: Iterable[Object],
    cluster: str,
) -> Grant | Denial:
    """What the policy lets it do under which it was made, else the first by name that permits it; or what all lack.

    `namespace` is None if nothing is known of it: then no policy chooses it. `others` are the namespace's other
    bindings, `cluster` the id of this cluster. A binding that is being deleted counts against no limit any more.
    """
    name = binding["metadata"]["namespace"]
    before = (binding.get("status") or {}).get("policy", "")
    ordered = sorted(policies, key=lambda each: (each.name != before, each.name))
    chosen = [each for each in ordered if _chooses(each, namespace)]
    if not chosen:
        return Denial(message=f"no BindingPolicy selects namespace {name}; ask an administrator for one")
    older = tuple(_older(binding, others))
    lacking: list[str] = []
    for policy in chosen:
        missing = list(_missing(policy.spec, binding, spec, older))
        if not missing:
            return _grant(policy, binding, spec, cluster)
        lacking.append(f"BindingPolicy {policy.name}: {'; '.join(missing)}")
    return Denial(message=f"{'. '.join(lacking)}. Choose what is permitted, or ask an administrator for more")


def grant_of(policy: Policy, region: str, cluster: str) -> Grant:
    """What a policy's role may do in one of its regions, for no namespace in particular: looking for orphans."""
    identity = policy.spec.identity
    return Grant(
        policy=policy.name,
        role_arn=policy.spec.role_arn,
        external_id=policy.spec.external_id,
        region=region,
        cluster=cluster,
        namespace="",
        services=frozenset(policy.spec.services),
        prefix=policy.spec.name_prefix,
        adoptable=policy.spec.adoptable,
        deletion_policies=frozenset(policy.spec.deletion_policies),
        kms_keys=policy.spec.kms_keys,
        identity=IdentityPolicy(
            mode=identity.mode, role_path=identity.role_path, boundary=identity.permissions_boundary_arn
        ),
    )


def region_of(binding: Object, spec: BindingFields, policy: BindingPolicySpec) -> str:
    """Where its resources are: where they were made, else where spec says, else the policy's first region."""
    recorded = (binding.get("status") or {}).get("region", "")
    return str(recorded or spec.region or policy.regions[0])


def _chooses(policy: Policy, namespace: Object | None) -> bool:
    if namespace is None:
        return False
    selector = policy.spec.namespace_selector.to_json()
    return selects(selector, namespace["metadata"].get("labels") or {})


def _missing(
    policy: BindingPolicySpec, binding: Object, spec: BindingFields, older: tuple[Object, ...]
) -> Iterator[str]:
    deleting = "deletionTimestamp" in binding["metadata"]
    if spec.member not in policy.services:
        yield f"permits {', '.join(policy.services)}, not {spec.member}"
    region = region_of(binding, spec, policy)
    if region not in policy.regions:
        yield f"permits spec.region {', '.join(policy.regions)}, not {region}"
    if spec.deletion_policy and spec.deletion_policy not in policy.deletion_policies:
        yield f"permits deletionPolicy {', '.join(policy.deletion_policies)}, not {spec.deletion_policy}"
    if spec.adopt and not _adoptable(policy, spec.adopt, region):
        yield f"lets nobody take over {spec.adopt} (spec.adopt), since its adoptable admits no such ARN"
    for key in spec.backing.kms_keys:
        if not _usable(policy, key):
            yield f"does not permit the KMS key {key} (kmsKeyID), since its kmsKeys admit no such key"
    if not deleting:
        yield from _limits(policy, spec.member, older)


def _limits(policy: BindingPolicySpec, member: str, older: tuple[Object, ...]) -> Iterator[str]:
    if len(older) >= policy.max_bindings:
        yield f"permits {policy.max_bindings} bindings in a namespace, and {len(older)} are older"
    same = sum(1 for each in older if _member(each) == member)
    if member in policy.limits and same >= policy.limits[member]:
        yield f"permits {policy.limits[member]} bindings of {member} in a namespace, and {same} are older"


def _adoptable(policy: BindingPolicySpec, arn: str, region: str) -> bool:
    account = policy.role_arn.split(":")[4]
    parts = arn.split(":")
    return len(parts) > 5 and admits(policy.adoptable, arn) and parts[3] in ("", region) and parts[4] in ("", account)


def _usable(policy: BindingPolicySpec, key: str) -> bool:
    """Keys that AWS manages are open to everybody of the account through their own service."""
    return key.rpartition(":")[2].startswith("alias/aws/") or any_of(policy.kms_keys, key)


def _grant(policy: Policy, binding: Object, spec: BindingFields, cluster: str) -> Grant:
    region = region_of(binding, spec, policy.spec)
    adopted = spec.adopt or _adopted(policy.spec, binding, region)
    return replace(grant_of(policy, region, cluster), namespace=binding["metadata"]["namespace"], adopted=adopted)


def _adopted(policy: BindingPolicySpec, binding: Object, region: str) -> str:
    """What it took over once, also if its spec does not say so any more: its name is none of ours."""
    arn = str((binding.get("status") or {}).get("arn", ""))
    if not arn or re.split("[:/]", arn)[-1].startswith(policy.name_prefix) or not _adoptable(policy, arn, region):
        return ""
    return arn


def _older(binding: Object, others: Iterable[Object]) -> Iterator[Object]:
    """Bindings that count before this one: older, and of what is outside the cluster."""
    mine = _age(binding)
    return (each for each in others if _age(each) < mine and _is_external(each))


def _age(binding: Object) -> tuple[str, str]:
    return binding["metadata"].get("creationTimestamp", ""), binding["metadata"]["name"]


def _member(binding: Object) -> str:
    return next((name for name in MEMBERS if name in (binding.get("spec") or {})), "")


def _is_external(binding: Mapping[str, Any]) -> bool:
    member = _member(binding)
    return bool(member) and MEMBERS[member].external
