"""From what was observed, planned and refused to the status, the Events and the outcome of one reconcile."""

from collections.abc import Iterable
from datetime import datetime

from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Stalled
from trimtab.domain.plan import Failure, Plan, Report
from trimtab.domain.service.observation import Observation


def report(observation: Observation, plan: Plan, failures: Iterable[Failure], now: datetime) -> Report:
    """The whole status after the plan was executed; `failures` are the effects that the API server refused.

    The status carries the decisions of `plan.intent`, so the live status to compare it with is the one that the intent
    left behind, if there was one. Compare with `trimtab.domain.status.same`.
    """
    return Report(status=observation.resource.get("status", {}), events=(), outcome=Done())


def invalid(resource: Object, message: str, now: datetime) -> Report:
    """The report on a Microservice whose spec does not parse (an older or a newer CRD): Ready=False `InvalidSpec`."""
    return Report(status=resource.get("status", {}), events=(), outcome=Stalled(reason="InvalidSpec"))
