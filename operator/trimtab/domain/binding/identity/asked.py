"""What is asked for: one role from what all bindings of a Microservice contribute."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity import trust
from trimtab.domain.binding.identity.account import Account
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.identity.document import Document, Right, rights, union, without
from trimtab.domain.binding.identity.role import Bearer, Role, Subject, role_arn, role_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reconcile of an identity knows before it looks.

    `role` is None if none is to exist. `contributions` are those that are under `grant`; `others` are the bindings that
    are not, `unknown` those of which nothing is known yet: as long as there are any, no right is taken away.
    `lacking` names a setting of the operator without which nothing can be done.
    """

    bearer: Bearer
    grant: Grant
    name: str
    subject: Subject | None
    role: Role | None
    contributions: Mapping[str, Contribution]
    others: frozenset[str]
    unknown: frozenset[str]
    lacking: str = ""


def chosen(contributions: Mapping[str, Contribution]) -> Grant | None:
    """The grant that counts: that of the first binding by name, those that are leaving after all others."""
    names = sorted(contributions, key=lambda name: (contributions[name].leaving, name))
    return contributions[names[0]].grant if names else None


def asked(
    bearer: Bearer,
    account: Account | None,
    contributions: Mapping[str, Contribution],
    unknown: frozenset[str],
    grant: Grant,
    cluster: ClusterIdentity,
) -> Asked:
    """`account` is None if there is no such Microservice (any more)."""
    same = {name: each for name, each in contributions.items() if _alike(each.grant, grant)}
    staying = [each for each in same.values() if not each.leaving]
    name = role_name(grant, bearer)
    lacking = _lacking(grant, cluster)
    subject = _subject(bearer, grant, cluster)
    role = None
    if account is not None and not account.own_role and (staying or unknown) and not lacking:
        allowed = union(*(rights(each.statements) for each in staying))
        role = _role(bearer, account, grant, cluster, allowed, subject)
    return Asked(
        bearer=bearer,
        grant=grant,
        name=name,
        subject=subject,
        role=role,
        contributions=same,
        others=frozenset(contributions) - same.keys(),
        unknown=unknown,
        lacking=lacking,
    )


def completed(asked: Asked, allowed: frozenset[Right]) -> Role | None:
    """The role that is to exist where one allows `allowed` now: rights of unknown bindings stay."""
    if asked.role is None or not asked.unknown:
        return asked.role
    leaving = union(*(rights(each.statements) for each in asked.contributions.values() if each.leaving))
    return replace(asked.role, rights=union(asked.role.rights, without(allowed, leaving)))


def _alike(one: Grant, other: Grant) -> bool:
    """Whether both are about the same roles: the region is only that of the binding's own resources."""
    return (one.role_arn, one.external_id, one.prefix, one.identity) == (
        other.role_arn,
        other.external_id,
        other.prefix,
        other.identity,
    )


def _lacking(grant: Grant, cluster: ClusterIdentity) -> str:
    if not cluster.id:
        return "roles need the operator's setting cluster-id: the UID of the namespace kube-system is not known"
    if grant.identity.mode == "PodIdentity" and not (cluster.name and cluster.region):
        return "EKS Pod Identity needs the operator's settings cluster-name and aws-region"
    if grant.identity.mode == "IRSA" and not cluster.oidc_issuer:
        return "IRSA needs the operator's setting oidc-issuer"
    return ""


def _subject(bearer: Bearer, grant: Grant, cluster: ClusterIdentity) -> Subject | None:
    if grant.identity.mode != "PodIdentity":
        return None
    return Subject(cluster_name=cluster.name, namespace=bearer.namespace, service_account=bearer.microservice)


def _role(
    bearer: Bearer,
    account: Account,
    grant: Grant,
    cluster: ClusterIdentity,
    allowed: frozenset[Right],
    subject: Subject | None,
) -> Role:
    name = role_name(grant, bearer)
    return Role(
        name=name,
        path=grant.identity.role_path,
        arn=role_arn(grant, name),
        trust=_trust(bearer, account, grant, cluster),
        boundary=grant.identity.boundary,
        tags=bearer.tags(),
        rights=allowed,
        subject=subject,
        associated=not account.existing,
    )


def _trust(bearer: Bearer, account: Account, grant: Grant, cluster: ClusterIdentity) -> Document:
    if grant.identity.mode == "IRSA":
        return trust.irsa(grant.partition, grant.account, cluster.oidc_issuer, bearer.namespace, account.name)
    cluster_arn = f"arn:{grant.partition}:eks:{cluster.region}:{grant.account}:cluster/{cluster.name}"
    return trust.pod_identity(cluster_arn, bearer.namespace, account.name)
