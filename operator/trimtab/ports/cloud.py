"""AWS as the reconcilers see it: the same few verbs for every kind of resource.

All calls are under a Grant, and an implementation refuses what the Grant does not cover. A read that fails raises; it
is never told as absence.

Errors::

    CloudError                  `action`: the IAM action, such as sqs:CreateQueue; `request_id` of AWS
    ├── CloudExistsError        the name is taken: look again, whose it is
    ├── CloudBusyError          it is being changed, or a deletion is not over; `retry_after` seconds
    ├── CloudThrottledError     too many calls
    ├── CloudQuotaError         a quota of the account; waiting does not help soon
    ├── CloudDeniedError        the assumed role, or assuming it, lacks a right: `action`
    ├── CloudInvalidError       AWS refuses the request as it stands; only another spec helps
    ├── CloudUnavailableError   5xx, time-outs, broken connections: outcome unknown, safe to repeat
    │   └── CircuitOpenError    not sent: this service of this account failed too often lately
    └── CloudLeaseLostError     not sent: too little is left of the lease
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.domain.binding.service import Statement


class CloudError(Exception):
    """A call that failed, with AWS's code and message, capped at 512 characters and free of secrets."""

    def __init__(self, message: str, *, action: str = "", request_id: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.action = action
        self.request_id = request_id
        self.retry_after = retry_after


class CloudExistsError(CloudError):
    """The name is taken. By whom, a look tells."""


class CloudBusyError(CloudError):
    """It takes no change now, or a deletion of that name is not over; try after `retry_after` seconds."""


class CloudThrottledError(CloudError):
    """Too many calls; try after `retry_after` seconds."""


class CloudQuotaError(CloudError):
    """A quota of the account is used up."""


class CloudDeniedError(CloudError):
    """A right is missing: `action` names it."""


class CloudInvalidError(CloudError):
    """AWS refuses the request as it stands."""


class CloudUnavailableError(CloudError):
    """The answer is unknown. Every write of ours is safe to repeat."""


class CircuitOpenError(CloudUnavailableError):
    """The call was not sent, since the service failed too often lately."""


class CloudLeaseLostError(CloudError):
    """The call was not sent, since the lease may be another's before it would be over."""


class Cloud(Protocol):
    """External resources. None of the writes looks first; the protocol does."""

    async def look(self, grant: Grant, resource: Resource, *, arn: str = "", known: Live | None = None) -> Live | None:
        """The live resource of that name, or of that ARN where one is to be adopted; None only if AWS says so.

        With `known`, its handle and its tags are taken from there as far as that spares calls. Whether it exists, and
        its settings, AWS is asked all the same.
        """

    async def create(self, grant: Grant, resource: Resource, tags: Mapping[str, str]) -> None:
        """Creates it with `tags`, by one call where AWS can; else tags come right after. Raises CloudExistsError."""

    async def change(self, grant: Grant, resource: Resource, live: Live, change: Change) -> None:
        """Changes one group of settings."""

    async def tag(self, grant: Grant, resource: Resource, live: Live, tags: Mapping[str, str]) -> None:
        """Sets these tags and leaves all others as they are."""

    async def untag(self, grant: Grant, resource: Resource, live: Live, keys: Collection[str]) -> None:
        """Takes these tags away and leaves all others as they are."""

    async def delete(self, grant: Grant, resource: Resource, live: Live) -> None:
        """Begins its deletion. What is gone already is a success; what is not empty raises CloudBusyError."""

    async def tagged(self, grant: Grant, tags: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """All resources of the grant's account and region that carry these tags: ARN -> all its tags. Whole, or raises.

        Which kinds it covers is up to AWS (Resource Groups Tagging API).
        """

    async def lacking(self, grant: Grant, statements: Sequence[Statement]) -> frozenset[str] | None:
        """The actions of these statements that the grant's role is not allowed; None if it may not find out.

        AWS judges by the policies of the role and its boundary; what an organisation forbids may still be told apart
        only by trying.
        """
