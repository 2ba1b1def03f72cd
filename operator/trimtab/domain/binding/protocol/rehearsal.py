"""What would be done about a ServiceBinding if AWS did all that it is asked at once: decisions, without an effect."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.decide import decide
from trimtab.domain.binding.protocol.decision import Action, Create, Decision, Delete, Modify, Tag
from trimtab.domain.binding.report import remembered
from trimtab.domain.binding.resource import Live

ROUNDS = 32
"""More than any binding needs: a resource each, and for what changes gradually a setting each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`actions` in the order in which they would be carried out; `end` is the decision that asks for nothing more."""

    actions: tuple[Action, ...]
    end: Decision


def rehearsed(observation: Observation, now: datetime) -> Rehearsal:
    """Decides, takes it for done, and decides again, until nothing is left to do."""
    actions: list[Action] = []
    decision = decide(observation, now)
    for _ in range(ROUNDS):
        if not decision.actions:
            break
        actions += decision.actions
        observation = _after(observation, decision)
        decision = decide(observation, now)
    return Rehearsal(actions=tuple(actions), end=decision)


def _after(observation: Observation, decision: Decision) -> Observation:
    looks: dict[str, Live | None] = dict(observation.looks)
    for action in decision.actions:
        looks[action.resource.key] = _done(action, looks.get(action.resource.key))
    status = {**observation.status, **remembered(observation, decision)}
    return replace(observation, looks=looks, resource={**observation.resource, "status": status})


def _done(action: Action, live: Live | None) -> Live | None:
    match action:
        case Create(resource=resource, tags=tags):
            # A part has neither tags nor an ARN of its own.
            own, arn = None if resource.parent else tags, resource.arn or resource.name
            return Live(handle=resource.name, arn=arn, settings=resource.settings, tags=own, empty=True)
        case Modify(live=before, change=change):
            return replace(live or before, settings={**(live or before).settings, **change.settings})
        case Tag(live=before, tags=tags, without=without):
            return replace(live or before, tags=_tagged((live or before).tags or {}, tags, without))
        case Delete():
            return None


def _tagged(has: Mapping[str, str], tags: Mapping[str, str], without: frozenset[str]) -> Mapping[str, str]:
    return {key: value for key, value in {**has, **tags}.items() if key not in without}
