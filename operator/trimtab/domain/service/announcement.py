"""What the first status of a Microservice says along with the first decision."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.plan import Plan
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.report import report
from trimtab.domain.status import condition

_FORESEEN = frozenset({Reason.ROLLING_OUT, Reason.MIGRATION_RUNNING, Reason.BINDING_NOT_READY})
"""Reasons of Ready that follow from the plan itself. None makes an Event: those come of what a report says anew."""


def announced(observation: Observation, plan: Plan, now: datetime) -> Mapping[str, Any] | None:
    """The plan's intent; if nothing was ever reported, with what the report after the plan will say if all goes well.

    Then nothing remains to be written once the effects are carried out, which halves the status writes until the pods
    start; and the conditions are there from the first status on.
    """
    if plan.intent is None or "conditions" in plan.intent:
        return plan.intent
    foreseen = report(observation, plan, (), now).status
    if condition(foreseen, "Ready").get("reason") not in _FORESEEN:
        return plan.intent
    return {**plan.intent, **foreseen, "inventory": plan.intent["inventory"]}
