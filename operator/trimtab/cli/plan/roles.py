"""What would become of the IAM roles of Microservices: a look at AWS, and the operator's own decision about it."""

from dataclasses import dataclass
from typing import Literal

from trimtab.api.reasons import Reason
from trimtab.cli.plan.asking import Asking
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.account import Account, account_of
from trimtab.domain.binding.identity.asked import Asked, asked
from trimtab.domain.binding.identity.document import Right
from trimtab.domain.binding.identity.rehearsal import rehearsed
from trimtab.domain.binding.identity.report import unmanaged, view
from trimtab.domain.binding.identity.role import Bearer, Found
from trimtab.domain.binding.identity.steps import Step
from trimtab.domain.objects import uid_of
from trimtab.ports.cloud import CloudError
from trimtab.ports.roles import Roles
from trimtab.reconcilers.binding.troubles import trouble

Result = Literal["created", "changed", "unchanged", "deleted", "refused", "none", "unseen"]
SETTINGS = "give them to plan as to the operator: --cluster-name, --oidc-issuer, --aws-region"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleForecast:
    """`reason` and `message` tell what is refused, amiss or could not be seen; empty: nothing.

    `added` and `removed` are what it would allow more and less. `unknown` are the bindings of which AWS did not show
    what they ask for: they keep their rights, and get no further ones here. `waiting` are those whose rights follow
    once they are bound.
    """

    namespace: str
    microservice: str
    grant: Grant
    result: Result
    name: str = ""
    steps: tuple[Step, ...] = ()
    added: frozenset[Right] = frozenset()
    removed: frozenset[Right] = frozenset()
    reason: str = ""
    message: str = ""
    refused: bool = False
    unknown: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def unseen(self) -> bool:
        """Whether not all that it depends on was shown."""
        return self.result == "unseen" or bool(self.unknown)


async def foretold(asking: Asking, grant: Grant, cluster: ClusterIdentity, roles: Roles) -> RoleForecast:
    """Looks, and changes nothing."""
    service = asking.service
    account = None if "deletionTimestamp" in service["metadata"] else account_of(service)
    bearer = Bearer(
        cluster=cluster.id, namespace=asking.namespace, microservice=asking.name, uid=uid_of(service) if account else ""
    )
    wanted = asked(bearer, account, asking.contributions, asking.unknown, grant, cluster)
    if grant.identity.mode == "None":
        told = unmanaged(wanted)
        return _forecast(asking, wanted, "none", reason=told.reason, message=told.message)
    if not asking.contributions and asking.unknown:
        return _forecast(asking, wanted, "unchanged")  # nobody does anything about it until more is known
    if wanted.lacking:
        message = f"{wanted.lacking}; {SETTINGS}"
        return _forecast(asking, wanted, "unseen", reason=Reason.CLOUD_INVALID, message=message)
    try:
        found = await roles.look(grant, wanted.name, wanted.subject)
    except CloudError as error:
        met = trouble(error, None, 0, lambda: 0.5)
        return _forecast(asking, wanted, "unseen", reason=met.reason, message=met.message)
    return _decided(asking, wanted, account, found)


def _decided(asking: Asking, wanted: Asked, account: Account | None, found: Found) -> RoleForecast:
    then = rehearsed(wanted, found)
    told = view(wanted, account, found, then.refusal)
    refused = then.refusal is not None or bool(wanted.others)
    return RoleForecast(
        namespace=asking.namespace,
        microservice=asking.name,
        grant=wanted.grant,
        result=_result(then.steps, found, refused=then.refusal is not None),
        name=wanted.name,
        steps=then.steps,
        added=then.added,
        removed=then.removed,
        reason=str(told.reason) if told.message else "",
        message=told.message,
        refused=refused,
        unknown=tuple(sorted(wanted.unknown - asking.waiting)),
        waiting=tuple(sorted(asking.waiting)),
    )


def _forecast(
    asking: Asking, wanted: Asked, result: Result, *, reason: Reason | None = None, message: str = ""
) -> RoleForecast:
    return RoleForecast(
        namespace=asking.namespace,
        microservice=asking.name,
        grant=wanted.grant,
        result=result,
        name=wanted.name if result != "none" else "",
        reason=str(reason or ""),
        message=message,
        unknown=tuple(sorted(wanted.unknown - asking.waiting)),
        waiting=tuple(sorted(asking.waiting)),
    )


def _result(planned: tuple[Step, ...], found: Found, *, refused: bool) -> Result:
    if any(isinstance(each, steps.CreateRole) for each in planned):
        return "created"
    if any(isinstance(each, steps.DeleteRole) for each in planned):
        return "deleted"
    if planned:
        return "changed"
    if refused:
        return "refused"
    return "unchanged" if found.role is not None else "none"
