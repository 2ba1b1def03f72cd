"""What the operator itself may do in AWS: its own role may only assume, a BindingPolicy's role does the work.

Action names and condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.policies.rights import WITH_OWNER, key_upkeep
from trimtab.domain.binding.service import Statement
from trimtab.domain.binding.services import SERVICES

_BOUNDED = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
"""Actions that know the condition iam:PermissionsBoundary: with it, no role gets more than the boundary allows."""
_ROLE = (
    "iam:DeleteRole",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
)
_POLICY = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
)


def of_role(grant: Grant) -> tuple[Statement, ...]:
    """What the assumed role needs for the services, the names and the identities of the grant, and nothing more."""
    found = [each for service in sorted(grant.services) for each in _of_service(grant, service)]
    found += [
        Statement(actions=("tag:GetResources",), resources=("*",)),
        Statement(actions=("iam:SimulatePrincipalPolicy",), resources=(grant.role_arn,)),
    ]
    if grant.identity.mode != "None":
        found += _of_identity(grant)
    return tuple(found)


def of_operator(roles: Sequence[str], events_queue: str = "") -> tuple[Statement, ...]:
    """What the operator's own role needs: to assume `roles`, and to read its queue of changes. All are ARNs."""
    assume = Statement(actions=("sts:AssumeRole", "sts:TagSession"), resources=tuple(roles))
    read = ("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage")
    return (assume, Statement(actions=read, resources=(events_queue,))) if events_queue else (assume,)


def _of_service(grant: Grant, service: str) -> Iterator[Statement]:
    keys, through = f"arn:{grant.partition}:kms:*:{grant.account}", SERVICES[service]
    if through.key_actions:
        yield from key_upkeep(grant.kms_keys, keys, through.type, *through.key_actions)
    for statement in SERVICES[service].administration(grant.prefix, grant.partition):
        makes = statement.conditions == WITH_OWNER
        adopted = [arn for named in statement.resources if not makes for arn in _adoptable(grant, named)]
        yield replace(statement, resources=(*statement.resources, *adopted))


def _adoptable(grant: Grant, named: str) -> Iterator[str]:
    """What may be taken over has other names than what we make: the patterns in place of our prefix."""
    any_of_ours = f"{grant.prefix}*"
    if any_of_ours not in named:
        return
    head, _, tail = named.partition(any_of_ours)
    for pattern in grant.adoptable:
        service, kind = pattern.split(":")[2], pattern.split(":", 5)[-1].rpartition("/")[0]
        if service == head.split(":")[2] and kind == head.split(":", 5)[-1].rpartition("/")[0]:
            yield pattern + tail


def _of_identity(grant: Grant) -> Iterator[Statement]:
    path, account = grant.identity.role_path, f"arn:{grant.partition}:iam::{grant.account}"
    roles, policies = (f"{account}:role{path}{grant.prefix}*",), (f"{account}:policy{path}{grant.prefix}*",)
    bounded = {"StringEquals": {"iam:PermissionsBoundary": grant.identity.boundary}}
    yield Statement(actions=_BOUNDED, resources=roles, conditions=bounded)
    yield Statement(actions=_ROLE, resources=roles)
    yield Statement(actions=_POLICY, resources=policies)
    yield Statement(actions=("iam:ListPolicies", "iam:ListRoles"), resources=("*",))
    if grant.identity.mode == "PodIdentity":
        yield from _of_associations(grant, roles)


def _of_associations(grant: Grant, roles: tuple[str, ...]) -> Iterator[Statement]:
    passed = {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}
    eks = f"arn:{grant.partition}:eks:*:{grant.account}"
    on_cluster = ("eks:CreatePodIdentityAssociation", "eks:ListPodIdentityAssociations")
    on_association = (
        "eks:DeletePodIdentityAssociation",
        "eks:DescribePodIdentityAssociation",
        "eks:TagResource",
        "eks:UpdatePodIdentityAssociation",
    )
    yield Statement(actions=("iam:PassRole",), resources=roles, conditions=passed)
    yield Statement(actions=on_cluster, resources=(f"{eks}:cluster/*",))
    yield Statement(actions=on_association, resources=(f"{eks}:podidentityassociation/*",))
