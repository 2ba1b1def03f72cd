"""What forbids any call to AWS for a binding, before anything is looked at."""

from dataclasses import replace
from datetime import datetime

from trimtab.api.reasons import Reason
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.policies.policy import Denial
from trimtab.domain.binding.protocol.decision import Finding
from trimtab.domain.binding.protocol.wanted import targets_of
from trimtab.domain.binding.record import recorded
from trimtab.domain.binding.services import SERVICES
from trimtab.domain.binding.workload import KIND

LASTING = 600.0
"""Seconds for which a denial must have lasted before it takes rights from running pods."""


def refusal(observation: Observation) -> Finding | None:
    """The reason why nothing may be asked or changed, None if there is none."""
    permit = observation.permit
    if permit is not None and not observation.cluster.id:
        message = "the operator does not know this cluster's id, by which it tags what it makes: set TRIMTAB_CLUSTER_ID"
        return replace(_of(observation, Reason.POLICY_DENIED, message), after=30.0)
    if isinstance(permit, Denial):
        return _of(observation, permit.reason, permit.message)
    account = observation.status.get("account", "")
    if permit is not None and account and recorded(observation.status) and account != permit.account:
        message = (
            f"its resources are in account {account}, and BindingPolicy {permit.policy} leads to {permit.account}: "
            "lead it back, or delete this ServiceBinding (its resources are kept) and apply it anew"
        )
        return _of(observation, Reason.POLICY_DENIED, message)
    return None if observation.deleting else _invalid(observation)


def is_settled(observation: Observation, denial: Denial, now: datetime) -> bool:
    """Whether a denial may take rights away: it is certain, and has lasted, unless there is nothing to lose.

    A policy that is replaced, or a label that is set anew, denies for a moment only.
    """
    if not denial.certain:
        return False
    since = [
        each.get("since") for each in observation.status.get("waitingFor") or () if each["reason"] == denial.reason
    ]
    known = [datetime.fromisoformat(str(each)) for each in since if each]
    return not recorded(observation.status) or any((now - each).total_seconds() >= LASTING for each in known)


def _invalid(observation: Observation) -> Finding | None:
    spec, service = observation.spec, SERVICES[observation.spec.member]
    problem = service.problem(spec.backing, targets_of(observation))
    if problem:
        return _of(observation, Reason.INVALID_SPEC, problem)
    if spec.deletion_policy == "Snapshot" and not spec.backing.snapshots:
        message = f"spec.deletionPolicy: {service.member} has no snapshots; choose Retain or Delete"
        return _of(observation, Reason.INVALID_SPEC, message)
    arn = observation.status.get("arn", "")
    if spec.adopt and arn and arn != spec.adopt:
        message = f"spec.adopt: it has {arn} already; set it back, or make a new ServiceBinding to adopt {spec.adopt}"
        return _of(observation, Reason.IMMUTABLE_CHANGE, message)
    if observation.terminating:
        message = "the namespace is being deleted; nothing is made in it any more"
        return _of(observation, Reason.NAMESPACE_TERMINATING, message)
    return None


def _of(observation: Observation, reason: Reason, message: str) -> Finding:
    return Finding(kind=KIND, name=observation.owner.name, reason=reason, message=message)
