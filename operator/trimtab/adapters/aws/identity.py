"""The port of roles on IAM and EKS, under the role of a grant and within what its policy says of identities."""

from collections.abc import Callable
from dataclasses import replace

from trimtab.adapters.aws import identity_eks, identity_iam
from trimtab.adapters.aws.access import AwsAccess
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.role import Bearer, Found, Subject, policy_path, role_arn
from trimtab.domain.binding.identity.steps import Step
from trimtab.ports.cloud import CloudDeniedError


class AwsRoles:
    """See trimtab.ports.roles. EKS is called in the region where the cluster is, whatever that of the grant."""

    def __init__(self, access: AwsAccess, identity: Callable[[], ClusterIdentity]) -> None:
        self._access = access
        self._identity = identity

    async def look(self, grant: Grant, name: str, subject: Subject | None) -> Found:
        """See the port."""
        _permit(grant, _is_ours(grant, name))
        path = policy_path(grant.identity.role_path, name)
        found = await self._access.call(
            grant, identity_iam.SERVICE, lambda client: identity_iam.look(client, name, path), write=False
        )
        if subject is None:
            return found
        association = await self._access.call(
            self._at_home(grant),
            identity_eks.SERVICE,
            lambda client: identity_eks.look(client, subject),
            write=False,
        )
        return replace(found, association=association)

    async def carry_out(self, grant: Grant, step: Step) -> None:
        """See the port."""
        _permit(grant, _is_permitted(grant, step))
        match step:
            case steps.Associate() | steps.Reassociate() | steps.Dissociate():
                await self._access.call(
                    self._at_home(grant),
                    identity_eks.SERVICE,
                    lambda client: identity_eks.carry_out(client, step),
                    write=True,
                )
            case _:
                await self._access.call(
                    grant, identity_iam.SERVICE, lambda client: identity_iam.carry_out(client, step), write=True
                )

    async def bearers(self, grant: Grant, known: frozenset[str]) -> tuple[tuple[str, Bearer], ...]:
        """See the port."""
        _permit(grant, True)
        path = grant.identity.role_path
        return await self._access.call(
            grant,
            identity_iam.SERVICE,
            lambda client: identity_iam.bearers(client, path, grant.prefix, known),
            write=False,
        )

    def _at_home(self, grant: Grant) -> Grant:
        return replace(grant, region=self._identity().region or grant.region)


def _permit(grant: Grant, permitted: bool) -> None:
    """The policy holds here, too, whatever led to the call."""
    if grant.identity.mode == "None" or not permitted:
        raise CloudDeniedError(f"BindingPolicy {grant.policy} does not permit this call")


def _is_ours(grant: Grant, name: str) -> bool:
    return name.startswith(grant.prefix)


def _is_permitted(grant: Grant, step: Step) -> bool:
    identity = grant.identity
    own_policy = f"arn:{grant.partition}:iam::{grant.account}:policy{identity.role_path}{grant.prefix}"
    match step:
        case steps.CreateRole():
            allowed = (identity.role_path, identity.boundary)
            return _is_ours(grant, step.name) and (step.path, step.boundary) == allowed
        case steps.SetBoundary():
            return _is_ours(grant, step.name) and step.boundary == identity.boundary
        case steps.CreatePolicy():
            return _is_ours(grant, step.name) and step.path.startswith(f"{identity.role_path}{grant.prefix}")
        case steps.Attach():
            return _is_ours(grant, step.name) and step.arn.startswith(own_policy)
        case steps.AddVersion() | steps.DeleteVersion() | steps.DeletePolicy():
            return step.arn.startswith(own_policy)
        case steps.Associate() | steps.Reassociate():
            return step.role_arn.startswith(role_arn(grant, grant.prefix))
        case steps.Dissociate():
            return True
        case _:
            return _is_ours(grant, step.name)
