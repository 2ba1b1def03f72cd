"""From what was found about a BindingPolicy to its whole status, the Events and the outcome."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.binding.observation import Trouble
from trimtab.domain.binding.policies.sweep import MOST, Tagged
from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.domain.plan import Event, Report
from trimtab.domain.status import Condition, condition, conditions, without_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a run found. `missing`: actions that the role lacks, None if it may not ask; `trouble`: what failed, if any.

    What was not read whole says nothing: `orphans`, `roles` and `retained` are None then, and `missing` is as told
    before.
    """

    account: str
    bindings: int
    missing: frozenset[str] | None
    orphans: tuple[Tagged, ...] | None = None
    roles: tuple[str, ...] | None = None
    retained: tuple[Tagged, ...] | None = None
    trouble: Trouble | None = None


def report(policy: Object, survey: Survey, now: datetime) -> Report:
    """The whole status; without the time of the search, which would be a write every ten minutes for nothing."""
    before = policy.get("status") or {}
    generation = policy["metadata"].get("generation", 0)
    orphans = _orphans(survey, before.get("orphans") or ())
    status = without_empty(
        {
            "observedGeneration": generation,
            "conditions": conditions(_conditions(survey), before.get("conditions", ()), generation, now),
            "account": survey.account,
            "bindings": survey.bindings,
            "missingActions": sorted(survey.missing or ())[:64],
            "orphans": orphans,
            "retained": _entries(survey.retained, before.get("retained") or ()),
        }
    )
    return Report(status=status, events=tuple(_events(survey, orphans, before)), outcome=_outcome(survey))


def invalid(policy: Object, message: str, now: datetime) -> Report:
    """The report on a policy whose spec does not parse: it permits nothing."""
    live = policy.get("status") or {}
    generation = policy["metadata"].get("generation", 0)
    wanted = [
        Condition(type="Ready", status="False", reason=Reason.INVALID_SPEC, message=message),
        Condition(type="Stalled", status="True", reason=Reason.INVALID_SPEC, message=message),
    ]
    told = conditions(wanted, live.get("conditions", ()), generation, now)
    status = {**live, "observedGeneration": generation, "conditions": told}
    return Report(status=status, events=(), outcome=Stalled(reason=str(Reason.INVALID_SPEC)))


def told_missing(policy: Object) -> frozenset[str] | None:
    """What the status says that the role lacks; None if it says that this cannot be found out."""
    status = policy.get("status") or {}
    unknown = condition(status, "PermissionsMissing").get("status") == "Unknown"
    return None if unknown else frozenset(status.get("missingActions") or ())


def _orphans(survey: Survey, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Resources, which name their binding, then roles, which do not."""
    resources = _entries(survey.orphans, (entry for entry in before if "binding" in entry))
    if survey.roles is None:
        roles = [dict(entry) for entry in before if "binding" not in entry]
    else:
        roles = [{"arn": arn} for arn in survey.roles]
    return [*resources, *roles][:MOST]


def _entries(found: tuple[Tagged, ...] | None, before: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if found is None:
        return [dict(entry) for entry in before]
    return [each.to_status() for each in found][:MOST]


def _conditions(survey: Survey) -> Iterator[Condition]:
    trouble = survey.trouble
    if trouble is not None and trouble.stalled:
        yield Condition(type="Ready", status="False", reason=trouble.reason, message=trouble.message)
        yield Condition(type="Stalled", status="True", reason=trouble.reason, message=trouble.message)
    elif trouble is not None:
        yield Condition(type="Ready", status="Unknown", reason=trouble.reason, message=trouble.message)
        yield Condition(type="Reconciling", status="True", reason=trouble.reason, message=trouble.message)
    else:
        message = f"{survey.bindings} ServiceBindings are permitted by it"
        yield Condition(type="Ready", status="True", reason=Reason.IN_FORCE, message=message)
    if survey.missing is None:
        message = "the role may not call iam:SimulatePrincipalPolicy, so what it lacks shows only when it is needed"
        yield Condition(type="PermissionsMissing", status="Unknown", reason=Reason.PERMISSIONS_UNKNOWN, message=message)
    elif survey.missing:
        message = f"the role lacks {', '.join(sorted(survey.missing))}; `trimtab policy iam` prints all that it needs"
        yield Condition(type="PermissionsMissing", status="True", reason=Reason.PERMISSIONS_MISSING, message=message)


def _events(survey: Survey, orphans: Iterable[Mapping[str, Any]], before: Mapping[str, Any]) -> Iterator[Event]:
    known = {entry["arn"] for entry in before.get("orphans") or ()}
    new = [entry["arn"] for entry in orphans if entry["arn"] not in known]
    if new:
        message = f"without a ServiceBinding: {', '.join(new[:5])}{' and more' if len(new) > 5 else ''}"
        yield Event(type="Warning", reason=str(Reason.ORPHANS_FOUND), message=message)
    if survey.missing and condition(before, "PermissionsMissing").get("status") != "True":
        message = f"the role lacks {', '.join(sorted(survey.missing))}"[:1024]
        yield Event(type="Warning", reason=str(Reason.PERMISSIONS_MISSING), message=message)


def _outcome(survey: Survey) -> Outcome:
    if survey.trouble is not None:
        return Waiting(after=survey.trouble.after, reason=str(survey.trouble.reason))
    return Done()
