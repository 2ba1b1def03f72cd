"""The state of a Microservice as one verdict: Ready or not, why, and what it waits for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.plan import Failure
from trimtab.domain.service import blockers as pods_blockers
from trimtab.domain.service import jobstate, runs
from trimtab.domain.service.blockers import Blocker
from trimtab.domain.service.decision import Decision
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.references import of_pod
from trimtab.domain.service.rollout import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Ready, Reconciling and Stalled are to say.

    At most one of `reconciling` (it is on its way, time will tell) and `stalled` (only the user can mend it) is true.
    """

    ready: bool
    reason: Reason
    message: str
    reconciling: bool = False
    stalled: bool = False


_ONLY_THE_USER = frozenset({Reason.NAME_CONFLICT, Reason.CHILD_INVALID})

_REMEDIES = {
    Reason.NAME_CONFLICT: "rename or remove that object, or rename the Microservice; it is tried again every minute",
    Reason.CHILD_DENIED: "see which quota, policy or permission it names; it is tried again every minute",
    Reason.CHILD_INVALID: "correct the field of the spec that it comes from",
    Reason.API_NOT_INSTALLED: "install it, or leave out what needs it",
}


def of_failures(failures: Sequence[Failure]) -> Verdict | None:
    """A child that the API server refused; None if none was."""
    if not failures:
        return None
    first = min(failures, key=lambda failure: (failure.reason not in _ONLY_THE_USER, failure.ref))
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    reason = first.reason
    message = f"{first.ref}: {first.message.rstrip('. ')}{more}; {_REMEDIES.get(reason, 'see the message')}"
    return Verdict(ready=False, reason=reason, message=message, stalled=reason in _ONLY_THE_USER)


def of_gate(decision: Decision) -> Verdict | None:
    """A binding or a BeforeRollout job that holds the rollout up; None if none does."""
    serving = f"; revision {decision.applied.name} goes on serving" if decision.applied else ""
    if decision.awaited:
        first, more = decision.awaited[0], len(decision.awaited) - 1
        what = f"{first.kind} {first.name}{f' and {more} more' if more else ''}: {first.message.rstrip('. ')}"
        message = f"revision {decision.target.name} waits for {what}{serving}"
        return Verdict(ready=False, reason=Reason.BINDING_NOT_READY, message=message, reconciling=True)
    record = decision.holding
    if record is None:
        return None
    job = f"Job {runs.job_name(decision.owner, record)}"
    if record["phase"] == "Failed":
        retry = f"fix it, or set the annotation {labels.RECONCILE} to a new value to try again"
        message = f"{job} failed before revision {decision.target.name}{serving}; {retry}: {record.get('message', '')}"
        return Verdict(ready=False, reason=Reason.MIGRATION_FAILED, message=message, stalled=True)
    message = f"{job} runs before the first pod of revision {decision.target.name}{serving}"
    return Verdict(ready=False, reason=Reason.MIGRATION_RUNNING, message=message, reconciling=True)


def of_rollout(rollout: Rollout, waiting: Iterable[Blocker]) -> Verdict:
    """How far the pods of the applied revision are."""
    if rollout.complete:
        if rollout.wanted == 0:
            message = "spec.replicas is 0: no pod runs; scale up to serve again"
            return Verdict(ready=True, reason=Reason.SCALED_TO_ZERO, message=message)
        return Verdict(ready=True, reason=Reason.AVAILABLE, message=f"{rollout.progress} pods ready")
    cause = pods_blockers.cause(waiting)
    why = f"; {cause.kind} {cause.name}: {cause.message}" if cause else ""
    if rollout.deadline_exceeded:
        message = f"{rollout.progress} pods ready and no progress for 10 minutes{why}"
        return Verdict(ready=False, reason=Reason.PROGRESS_DEADLINE_EXCEEDED, message=message, stalled=True)
    message = f"{rollout.progress} pods ready{why}"
    if cause is not None:
        hopeless = cause.reason is Reason.RUN_AS_ROOT_REFUSED
        return Verdict(ready=False, reason=cause.reason, message=message, reconciling=not hopeless, stalled=hopeless)
    reason = Reason.ROLLING_OUT if rollout.moving else Reason.NOT_READY
    return Verdict(ready=False, reason=reason, message=message, reconciling=True)


def of_workload(observation: Observation, deployment: Object | None, revision: str) -> Iterator[Blocker]:
    """What the pods of a revision wait for."""
    if deployment is not None:
        yield from pods_blockers.of_deployment(deployment)
    yield from pods_blockers.of_pods(pods_blockers.of_component(observation.pods, labels.SERVICE, revision))


def of_missing_secrets(observation: Observation, deployment: Object | None) -> Iterator[Blocker]:
    """Secrets that the next pod to start will need, whether or not those that run have had them."""
    if deployment is None:
        return
    references = of_pod(deployment["spec"]["template"]["spec"])
    for name in sorted({reference.name for reference in references if not reference.optional}):
        content = observation.secrets.get(name)
        if content is not None and content.digest is None:
            message = f"pods refer to Secret {name}, which does not exist: create it"
            yield Blocker(kind="Secret", name=name, reason=Reason.SECRET_NOT_FOUND, message=message)


def of_holding_job(observation: Observation, decision: Decision) -> Iterator[Blocker]:
    """The job that holds the rollout up, and what its pods wait for."""
    record = decision.holding
    if record is None:
        return
    name = runs.job_name(decision.owner, record)
    if record["phase"] == "Failed":
        yield Blocker(kind="Job", name=name, reason=Reason.MIGRATION_FAILED, message=record.get("message", ""))
        return
    message = f"has to succeed before revision {decision.target.name} starts"
    yield Blocker(kind="Job", name=name, reason=Reason.MIGRATION_RUNNING, message=message)
    own = jobstate.pods_of(name, observation.pods)
    yield from (blocker for blocker in pods_blockers.of_pods(own) if blocker.reason is not Reason.NOT_READY)
