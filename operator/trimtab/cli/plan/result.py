"""A plan for people and for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trimtab.cli.plan import rolelines, text
from trimtab.cli.plan.forecast import Forecast
from trimtab.cli.plan.roles import RoleForecast
from trimtab.cli.plan.rollouts import Rollout
from trimtab.cli.plan.situation import Candidate
from trimtab.domain.binding.protocol import diff
from trimtab.domain.binding.protocol.decision import Action, Create, Delete, Finding, Modify, Tag

_TAKEN = {"Adopt": "take over", "Reattach": "take up again", "HandOver": "take from the other cluster"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that manifests would bring about. `policies` are BindingPolicies; `ignored` is nothing to plan about.

    `roles` are the IAM roles of Microservices; `unknown` says why nothing is known of what is outside the cluster.
    """

    policies: tuple[Candidate, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    roles: tuple[RoleForecast, ...] = ()
    unknown: str = ""
    ignored: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something would not be done."""
        return (
            any(each.refused for each in self.forecasts)
            or any(each.refusal for each in self.policies)
            or any(each.what == "refused" for each in self.rollouts)
            or any(each.refused for each in self.roles)
        )

    @property
    def unseen(self) -> bool:
        """Whether AWS could not be asked about everything."""
        return (
            bool(self.unknown) or any(each.unseen for each in self.forecasts) or any(each.unseen for each in self.roles)
        )

    def summary(self) -> dict[str, Any]:
        """For programs."""
        return {
            "refused": self.refused,
            "complete": not self.unseen,
            "bindingPolicies": [_policy(each) for each in self.policies],
            "serviceBindings": [_forecast(each) for each in self.forecasts],
            "microservices": [
                {
                    "namespace": each.namespace,
                    "name": each.name,
                    "result": each.what,
                    "bindings": list(each.bindings),
                    "message": each.reason,
                }
                for each in self.rollouts
            ],
            "roles": [rolelines.summary(each) for each in self.roles],
            "unknown": self.unknown,
            "ignored": list(self.ignored),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        for policy in self.policies:
            yield from _of_policy(policy)
        for each in self.forecasts:
            yield from _of_binding(each)
        for rollout in self.rollouts:
            yield from _of_service(rollout)
        for role in self.roles:
            yield from rolelines.lines(role)
        if self.unknown:
            yield from text.line("?", f"not seen: {self.unknown}")
        if self.ignored:
            yield from text.note(f"not planned: {', '.join(self.ignored)}")
        if not (self.policies or self.forecasts or self.rollouts):
            yield "nothing of Trimtab's in the file to plan"


def _policy(candidate: Candidate) -> dict[str, Any]:
    before, after = candidate.before, candidate.after
    if after is None:
        result = "refused"
    elif before is None:
        result = "created"
    else:
        result = "unchanged" if before["spec"] == after["spec"] else "changed"
    return {"name": candidate.name, "result": result, "message": candidate.refusal}


def _forecast(each: Forecast) -> dict[str, Any]:
    grant = each.grant
    return {
        "namespace": each.candidate.namespace,
        "name": each.candidate.name,
        "service": each.service,
        "policy": grant.policy if grant else "",
        "region": grant.region if grant else "",
        "account": grant.account if grant else "",
        "refused": each.refused,
        "message": each.refusal,
        "actions": [_action(action) for action in each.actions],
        "unchanged": [{"kind": each.kind, "name": each.name} for each in each.unchanged],
        "findings": [_finding(finding) for finding in each.findings],
        "unseen": [_finding(finding) for finding in each.unseen],
    }


def _action(action: Action) -> dict[str, Any]:
    found: dict[str, Any] = {
        "verb": _verb(action),
        "kind": action.resource.kind,
        "name": action.resource.name,
        "cause": action.cause,
    }
    if not isinstance(action, Create):
        found["arn"] = action.live.arn
    if isinstance(action, Modify):
        found["settings"] = {
            name: {"from": diff.shown(action.live.settings.get(name)), "to": diff.shown(action.change.settings[name])}
            for name in sorted(action.change.differing)
        }
    return found


def _verb(action: Action) -> str:
    if isinstance(action, Tag) and action.verb in ("Change", "Delete"):
        return "Tag" if action.verb == "Change" else "Announce"
    return action.verb


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "name": finding.name,
        "reason": str(finding.reason),
        "message": finding.message,
        "stalled": finding.stalled,
    }


def _of_policy(each: Candidate) -> Iterator[str]:
    if each.after is None:
        yield from text.head(str(each))
        yield from text.line("!", f"refused: {each.refusal}")
    else:
        yield from text.head(str(each), _policy(each)["result"])


def _of_binding(each: Forecast) -> Iterator[str]:
    grant = each.grant
    facts = (f"policy {grant.policy}", grant.region, grant.account) if grant is not None else ()
    yield from text.head(str(each.candidate), each.service, *facts)
    if each.refusal:
        yield from text.line("!", f"refused: {each.refusal}")
    announced: set[str] = set()
    for action in each.actions:
        if not (isinstance(action, Delete) and action.resource.key in announced):
            yield from _of_action(action)
        if _is_announcement(action):
            announced.add(action.resource.key)
    for resource in each.unchanged:
        yield from text.line("=", f"{resource.kind} {resource.name} stays as it is")
    for finding in each.findings:
        sign, told = ("!", "refused") if finding.stalled else ("…", "waits")
        yield from text.line(sign, f"{told}: {_told(finding)}")
    for finding in each.unseen:
        yield from text.line("?", f"not seen: {_told(finding)}")


def _told(finding: Finding) -> str:
    return f"{finding.kind} {finding.name}: {finding.reason}: {finding.message}"


def _is_announcement(action: Action) -> bool:
    """Whether it is the tag by which a deletion begins."""
    return isinstance(action, Tag) and action.verb == "Delete"


def _of_action(action: Action) -> Iterator[str]:
    resource = f"{action.resource.kind} {action.resource.name}"
    match action:
        case Create():
            yield from text.line("+", f"create {resource}")
        case Delete():
            yield from text.line("-", f"delete {resource}")
        case Tag(verb="Delete"):
            yield from text.line("-", f"delete {resource}: it is tagged so first")
        case Tag(verb="Retain"):
            yield from text.line("-", f"let go of {resource}: it stays in AWS, tagged as retained")
        case Tag():
            yield from text.line("~", f"{_TAKEN.get(action.verb, 'tag')} {resource}")
        case Modify(live=live, change=change):
            for name in sorted(change.differing):
                values = f"{diff.shown(live.settings.get(name))} -> {diff.shown(change.settings[name])}"
                why = "  (changed elsewhere)" if action.cause == "drift" else ""
                yield from text.line("~", f"change {resource}: {name} {values}{why}")


def _of_service(each: Rollout) -> Iterator[str]:
    told = {
        "created": "would be created",
        "new revision": "would start new pods: a new revision",
        "changed in place": "would be changed without new pods",
        "unchanged": "stays as it is",
        "refused": f"refused: {each.reason}",
    }[each.what]
    why = f" (bindings: {', '.join(each.bindings)})" if each.bindings else ""
    yield from text.head(f"Microservice {each.namespace}/{each.name}", f"{told}{why}")
