"""From what was asked, decided and found to what others may know of an identity."""

from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.account import Account
from trimtab.domain.binding.identity.asked import Asked
from trimtab.domain.binding.identity.decide import Refusal, granted
from trimtab.domain.binding.identity.document import Right, rights, without
from trimtab.domain.binding.identity.role import Found
from trimtab.domain.binding.identity.view import IdentityView


def unmanaged(asked: Asked) -> IdentityView:
    """Under mode None: nobody has a role of ours, so nothing is to be taken from anybody who leaves."""
    return IdentityView(
        mode="None",
        ready=False,
        reason=Reason.IDENTITY_NOT_MANAGED,
        message="the BindingPolicy has identity mode None",
        left=_leaving(asked),
    )


def view(asked: Asked, account: Account | None, found: Found, refusal: Refusal | None) -> IdentityView:
    """After a look to which no step was left to do, but for what `refusal` tells."""
    allowed = granted(found)
    mode = asked.grant.identity.mode
    left = frozenset(name for name in _leaving(asked) if not _holds(asked, name, allowed))
    if account is None:
        message = f"there is no Microservice {asked.bearer.microservice}"
        return IdentityView(mode=mode, ready=False, reason=Reason.IDENTITY_PENDING, message=message, left=left)
    if account.own_role:
        message = f"spec.serviceAccount.annotations give the pods {account.own_role}"
        return IdentityView(
            mode=mode, ready=True, reason=Reason.IDENTITY_INJECTED, message=message, brought=True, left=left
        )
    ready = found.role is not None and asked.role is not None and (refusal is None or _partial(refusal))
    reason, message = _told(asked, refusal)
    return IdentityView(
        mode=mode,
        ready=ready,
        reason=reason,
        message=message,
        arn=found.role.arn if ready and found.role is not None else "",
        annotated=mode == "IRSA" and not account.existing,
        brought=account.existing,
        granted=frozenset(
            name
            for name, each in asked.contributions.items()
            if not each.leaving and not without(rights(each.statements), allowed)
        ),
        left=left,
    )


def pending(asked: Asked, before: IdentityView | None, reason: Reason, message: str) -> IdentityView:
    """While a look or a step fails: what was ready stays so, with the reason of the failure."""
    if before is not None and before.ready:
        return replace(before, reason=reason, message=message)
    return IdentityView(mode=asked.grant.identity.mode, ready=False, reason=reason, message=message)


def _partial(refusal: Refusal) -> bool:
    return refusal.reason is Reason.CLOUD_QUOTA_EXCEEDED


def _told(asked: Asked, refusal: Refusal | None) -> tuple[Reason, str]:
    if refusal is not None:
        return refusal.reason, refusal.message
    if asked.others:
        named = ", ".join(sorted(asked.others))
        message = f"ServiceBindings {named} are under another BindingPolicy role or identity: one role cannot hold both"
        return Reason.POLICY_DENIED, message
    return Reason.IDENTITY_PENDING, ""


def _leaving(asked: Asked) -> frozenset[str]:
    return frozenset(name for name, each in asked.contributions.items() if each.leaving)


def _holds(asked: Asked, name: str, allowed: frozenset[Right]) -> bool:
    """Whether the role may still have a right of a binding that is leaving.

    Once all bindings are known, it has none but of those that stay; before, only what is known to be leaving is gone.
    """
    return bool(asked.unknown and allowed and not asked.contributions[name].statements)
