"""Policy documents in a form in which equal ones are equal: what is allowed, resource by resource.

A document is a set of Rights. It is written with as few statements as have the same actions or the same resources, and
read back to the same set, however somebody else has laid it out.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.domain import names
from trimtab.domain.binding.service import Statement

Document = Mapping[str, Any]
"""A policy document as decoded JSON."""

VERSION = "2012-10-17"
_FIELDS = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """The actions that are allowed on one resource under one set of conditions (canonical JSON; empty: none)."""

    resource: str
    conditions: str
    actions: tuple[str, ...]

    @property
    def subject(self) -> tuple[str, str]:
        """What the actions are about; within a document it occurs once."""
        return (self.resource, self.conditions)


def rights(statements: Iterable[Statement]) -> frozenset[Right]:
    """All that the statements allow together."""
    return _gathered(
        (resource, _conditions(each.conditions or {}), each.actions)
        for each in statements
        for resource in each.resources
    )


def union(*sets: Iterable[Right]) -> frozenset[Right]:
    """All rights of several sets, in which the same resource may occur."""
    return _gathered((right.resource, right.conditions, right.actions) for each in sets for right in each)


def without(allowed: Iterable[Right], taken: Iterable[Right]) -> frozenset[Right]:
    """What is allowed, less the actions of `taken` on their resources."""
    gone = {right.subject: frozenset(right.actions) for right in taken}
    return _gathered(
        (right.resource, right.conditions, set(right.actions) - gone.get(right.subject, frozenset()))
        for right in allowed
    )


def document(allowed: Iterable[Right]) -> Document:
    """The document that allows exactly this: one statement for all resources with the same actions and conditions."""
    together: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for right in sorted(allowed):
        together[right.actions, right.conditions].append(right.resource)
    return {"Version": VERSION, "Statement": [_statement(*key, together[key]) for key in sorted(together)]}


def size(text: Document) -> int:
    """Characters as IAM counts them: without white space."""
    return len(names.canonical(text))


def read(text: Document) -> frozenset[Right] | None:
    """What a document allows; None if it says anything that ours never do, such as Deny."""
    found = [_read(each) for each in _listed(text.get("Statement", ()))]
    if text.get("Version") != VERSION or any(each is None for each in found):
        return None
    return _gathered(part for each in found for part in each or ())


def normal(text: Any) -> Any:
    """Any policy document in a form in which those that mean the same are equal: IAM unwraps lists of one."""
    if isinstance(text, Mapping):
        return {key: normal(value) for key, value in text.items()}
    if isinstance(text, str):
        return [text]
    if isinstance(text, (list, tuple)):
        return sorted((normal(each) if isinstance(each, Mapping) else each for each in text), key=names.canonical)
    return text


def _gathered(parts: Iterable[tuple[str, str, Iterable[str]]]) -> frozenset[Right]:
    actions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for resource, conditions, allowed in parts:
        actions[resource, conditions].update(allowed)
    return frozenset(
        Right(resource=resource, conditions=conditions, actions=tuple(sorted(allowed)))
        for (resource, conditions), allowed in actions.items()
        if allowed
    )


def _statement(actions: tuple[str, ...], conditions: str, resources: list[str]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    return {**statement, "Condition": json.loads(conditions)} if conditions else statement


def _read(statement: Any) -> list[tuple[str, str, list[str]]] | None:
    if not isinstance(statement, Mapping) or not {"Action", "Resource"} <= statement.keys() <= _FIELDS:
        return None
    if statement.get("Effect") != "Allow":
        return None
    conditions = _conditions(statement.get("Condition") or {})
    return [(each, conditions, _listed(statement["Action"])) for each in _listed(statement["Resource"])]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _conditions(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    if not conditions:
        return ""
    return names.canonical(
        {
            operator: {key: sorted(str(each) for each in _listed(value)) for key, value in keys.items()}
            for operator, keys in conditions.items()
        }
    )
