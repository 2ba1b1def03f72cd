"""What the rest of the operator may know of a Microservice's identity."""

from dataclasses import dataclass

from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.policy import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityView:
    """The state of a role after a look.

    `ready` says that the role is whole, and that pods may be given it. `arn` is the role's, empty without one (mode
    None). `annotated` says that the ServiceAccount that we make is to carry it (IRSA). `brought` says that the user's
    own ServiceAccount or annotation decides whose identity pods have. `granted` are the bindings whose rights are
    all in the role, `left` those that were seen leaving, and of which it has none. `reason` and `message` tell why it
    is not ready, or what else is amiss.
    """

    mode: Mode
    ready: bool
    reason: Reason
    message: str
    arn: str = ""
    annotated: bool = False
    brought: bool = False
    granted: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


UNKNOWN = IdentityView(
    mode="PodIdentity",
    ready=False,
    reason=Reason.IDENTITY_PENDING,
    message="the workload's identity was not looked at yet",
)
"""While this process has not looked: whatever is the case stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What is known of the credentials in pods. `message` says what is amiss, empty if nothing is."""

    injected: bool
    message: str = ""
