"""The audit log: one line for each change outside the cluster, on the logger `trimtab.audit`, never with a value."""

import logging
from typing import Any

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.policies.sweep import Tagged
from trimtab.domain.binding.protocol import diff
from trimtab.domain.binding.protocol.decision import Action, Create, Modify, Tag
from trimtab.ports.cloud import CloudError

logger = logging.getLogger("trimtab.audit")


def changed(observation: Observation, grant: Grant, action: Action, error: CloudError | None, trace: str) -> None:
    """What was tried, for whom, why, from what to what (as digests), and what came of it."""
    owner = observation.owner
    before, after = _digests(action)
    fields = {
        "kind": "ServiceBinding",
        "namespace": owner.namespace,
        "name": owner.name,
        "uid": owner.uid,
        "generation": observation.resource["metadata"].get("generation"),
        "policy": grant.policy,
        "account": grant.account,
        "region": grant.region,
        "resource": action.resource.kind,
        "externalName": action.resource.name,
        "arn": "" if isinstance(action, Create) else action.live.arn,
        "verb": action.verb,
        "cause": action.cause,
        "settings": _names(action),
        "before": before,
        "after": after,
        "result": "done" if error is None else type(error).__name__,
        "requestID": error.request_id if error is not None else "",
        "trace": trace,
    }
    logger.info("changed", extra={"fields": {name: value for name, value in fields.items() if value not in ("", [])}})


def swept(grant: Grant, orphan: Tagged, error: CloudError | None, trace: str) -> None:
    """An orphan that a policy's sweep deleted, or tried to."""
    fields = {
        "kind": "BindingPolicy",
        "name": grant.policy,
        "account": grant.account,
        "region": grant.region,
        "resource": orphan.kind,
        "arn": orphan.arn,
        "verb": "Delete",
        "cause": "orphan",
        "result": "done" if error is None else type(error).__name__,
        "requestID": error.request_id if error is not None else "",
        "trace": trace,
    }
    logger.info("changed", extra={"fields": {name: value for name, value in fields.items() if value}})


def _names(action: Action) -> list[str]:
    match action:
        case Create(resource=resource):
            return sorted(resource.settings)
        case Modify(change=change):
            return sorted(change.differing)
        case Tag(tags=tags, without=without):
            return sorted({*tags, *without})
        case _:
            return []


def _digests(action: Action) -> tuple[str, str]:
    match action:
        case Create(resource=resource):
            return "", diff.digest(dict(resource.settings))
        case Modify(change=change, live=live):
            return _of(live.settings, change.settings), diff.digest(dict(change.settings))
        case Tag(tags=tags, without=without, live=live):
            has = live.tags or {}
            after = {**{key: value for key, value in has.items() if key not in without}, **tags}
            return diff.digest(dict(has)), diff.digest(after)
        case _:
            return diff.digest(dict(action.live.settings)), ""


def _of(found: Any, names: Any) -> str:
    return diff.digest({name: found.get(name) for name in names})
