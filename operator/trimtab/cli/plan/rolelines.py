"""What becomes of IAM roles, for people and for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab.cli.plan import text
from trimtab.cli.plan.roles import RoleForecast
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.document import Right
from trimtab.domain.binding.identity.steps import Step


def summary(each: RoleForecast) -> dict[str, Any]:
    """For programs."""
    return {
        "namespace": each.namespace,
        "microservice": each.microservice,
        "policy": each.grant.policy,
        "account": each.grant.account,
        "mode": each.grant.identity.mode,
        "role": each.name,
        "result": each.result,
        "refused": each.refused,
        "added": [_right(right) for right in sorted(each.added)],
        "removed": [_right(right) for right in sorted(each.removed)],
        "steps": [{"verb": type(step).__name__, "target": _target(step)} for step in each.steps],
        "waiting": list(each.waiting),
        "unknown": list(each.unknown),
        "reason": each.reason,
        "message": each.message,
    }


def lines(each: RoleForecast) -> Iterator[str]:
    """For people: the role, what it consists of, and then what it allows more and less."""
    mode = each.grant.identity.mode
    yield from text.head(
        f"IAM role of Microservice {each.namespace}/{each.microservice}", each.name, mode * bool(each.name)
    )
    for step in each.steps:
        yield from _of_step(step)
    yield from _rights("+", "allow", each.added)
    yield from _rights("-", "no longer allow", each.removed)
    if each.result == "unchanged":
        yield from text.line("=", "stays as it is")
    if each.result == "none":
        yield from text.line("=", "no role")
    if each.message:
        yield from _of_message(each)
    if each.waiting:
        yield from text.line("…", f"waits: the rights of ServiceBinding {', '.join(each.waiting)}, until it is bound")
    if each.unknown:
        named = ", ".join(each.unknown)
        yield from text.line("?", f"not seen: what ServiceBinding {named} asks for; until then no right is taken away")


def _rights(sign: str, verb: str, rights: Iterable[Right]) -> Iterator[str]:
    for right in sorted(rights):
        only = f" (only if {right.conditions})" if right.conditions else ""
        yield from text.line(sign, f"{verb} {', '.join(right.actions)} on {right.resource}{only}")


def _right(right: Right) -> dict[str, Any]:
    conditions = json.loads(right.conditions) if right.conditions else {}
    return {"resource": right.resource, "actions": list(right.actions), "conditions": conditions}


def _of_message(each: RoleForecast) -> Iterator[str]:
    told = f"{each.reason}: {each.message}"
    if each.refused:
        yield from text.line("!", f"refused: {told}")
    elif each.result == "unseen":
        yield from text.line("?", f"not seen: {told}")
    else:
        yield from text.line("=", told)


STEPS: Mapping[type[Step], tuple[str, str]] = {
    steps.CreateRole: ("+", "create role {0.path}{0.name}{bound}"),
    steps.TagRole: ("~", "tag the role with {tags}"),
    steps.SetTrust: ("~", "change its trust policy: who may be the role"),
    steps.SetBoundary: ("~", "change its permissions boundary to {0.boundary}"),
    steps.DeleteRole: ("-", "delete role {0.name}"),
    steps.PutInline: ("~", "write inline policy {0.policy}"),
    steps.DeleteInline: ("-", "delete inline policy {0.policy}"),
    steps.CreatePolicy: ("+", "create managed policy {0.name}"),
    steps.AddVersion: ("~", "change managed policy {policy}: a new version"),
    steps.Attach: ("~", "attach managed policy {policy}"),
    steps.Detach: ("-", "detach managed policy {policy}"),
    steps.DeletePolicy: ("-", "delete managed policy {policy}"),
    steps.Associate: ("+", "associate ServiceAccount {0.subject.service_account} with it (EKS Pod Identity)"),
    steps.Reassociate: ("~", "associate the ServiceAccount with it instead (association {0.id})"),
    steps.Dissociate: ("-", "end association {0.id} of the ServiceAccount"),
}
"""Sign and words of each step; that an old version of a policy goes is told with the new one."""


def _of_step(step: Step) -> Iterator[str]:
    if type(step) not in STEPS:
        return
    sign, words = STEPS[type(step)]
    boundary = getattr(step, "boundary", "")
    told = words.format(
        step,
        policy=getattr(step, "arn", "").rpartition("/")[2],
        bound=f", within the boundary {boundary}" if boundary else "",
        tags=", ".join(sorted(getattr(step, "tags", ()))),
    )
    yield from text.line(sign, told)


def _target(step: Step) -> str:
    match step:
        case steps.PutInline() | steps.DeleteInline():
            return step.policy
        case steps.AddVersion() | steps.DeleteVersion() | steps.Attach() | steps.Detach() | steps.DeletePolicy():
            return step.arn
        case steps.Associate():
            return step.subject.service_account
        case steps.Reassociate() | steps.Dissociate():
            return step.id
        case _:
            return step.name
