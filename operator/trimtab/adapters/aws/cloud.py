"""The port to AWS: each verb on each kind of resource, permitted and paced."""

from collections.abc import Collection, Mapping, Sequence

from trimtab.adapters.aws import simulation, tagging
from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.calls import Calls
from trimtab.adapters.aws.services import KINDS
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.domain.binding.service import Statement
from trimtab.ports.cloud import CloudDeniedError


class AwsCloud:
    """See trimtab.ports.cloud. `kinds` are the calls by kind of resource."""

    def __init__(self, access: AwsAccess, kinds: Mapping[str, Calls] = KINDS) -> None:
        self._access = access
        self._kinds = kinds

    async def look(self, grant: Grant, resource: Resource, *, arn: str = "", known: Live | None = None) -> Live | None:
        """See the port."""
        calls = self._permitted(grant, resource, arn or (known.arn if known else ""))
        return await self._access.call(
            grant, calls.service, lambda client: calls.look(client, resource, arn, known), write=False
        )

    async def create(self, grant: Grant, resource: Resource, tags: Mapping[str, str]) -> None:
        """See the port."""
        calls = self._permitted(grant, resource)
        await self._access.call(grant, calls.service, lambda client: calls.create(client, resource, tags), write=True)

    async def change(self, grant: Grant, resource: Resource, live: Live, change: Change) -> None:
        """See the port."""
        calls = self._permitted(grant, resource, live.arn)
        await self._access.call(
            grant, calls.service, lambda client: calls.change(client, resource, live, change), write=True
        )

    async def tag(self, grant: Grant, resource: Resource, live: Live, tags: Mapping[str, str]) -> None:
        """See the port."""
        calls = self._permitted(grant, resource, live.arn)
        await self._access.call(grant, calls.service, lambda client: calls.tag(client, live, tags), write=True)

    async def untag(self, grant: Grant, resource: Resource, live: Live, keys: Collection[str]) -> None:
        """See the port."""
        calls = self._permitted(grant, resource, live.arn)
        await self._access.call(grant, calls.service, lambda client: calls.untag(client, live, keys), write=True)

    async def delete(self, grant: Grant, resource: Resource, live: Live) -> None:
        """See the port."""
        calls = self._permitted(grant, resource, live.arn)
        await self._access.call(grant, calls.service, lambda client: calls.delete(client, resource, live), write=True)

    async def tagged(self, grant: Grant, tags: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        return await self._access.call(grant, tagging.SERVICE, lambda client: tagging.tagged(client, tags), write=False)

    async def lacking(self, grant: Grant, statements: Sequence[Statement]) -> frozenset[str] | None:
        """See the port."""
        try:
            return await self._access.call(
                grant, "iam", lambda client: simulation.lacking(client, grant, statements), write=False
            )
        except CloudDeniedError as error:
            if error.action == "iam:SimulatePrincipalPolicy":
                return None
            raise

    def _permitted(self, grant: Grant, resource: Resource, arn: str = "") -> Calls:
        """The calls of the resource's kind. Here, where the power is used, the policy is asked again."""
        if not grant.covers(resource, arn):
            named = arn or f"{resource.kind} {resource.name}"
            raise CloudDeniedError(f"not sent: BindingPolicy {grant.policy} does not cover {named}")
        return self._kinds[resource.kind]
