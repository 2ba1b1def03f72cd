"""Which actions a role lacks, by IAM's own evaluation of its policies.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.service import Statement

_STAND_IN = "trimtab"
"""Fills a pattern's `*`: a resource to be judged has a name."""

_OURS = ("trimtab.dev/cluster", "trimtab.dev/namespace", "trimtab.dev/binding", "trimtab.dev/uid")


def lacking(client: Any, grant: Grant, statements: Sequence[Statement]) -> frozenset[str]:
    """The actions that are not allowed. Raises botocore's errors, AccessDenied above all."""
    return frozenset(name for statement in statements for name in _lacking(client, grant, statement))


def _lacking(client: Any, grant: Grant, statement: Statement) -> Iterable[str]:
    pages = client.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=grant.role_arn,
        ActionNames=list(statement.actions),
        ResourceArns=[_sample(arn, grant) for arn in statement.resources],
        ContextEntries=list(_context(statement, grant)),
    )
    for page in pages:
        for result in page["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                yield result["EvalActionName"]


def _sample(pattern: str, grant: Grant) -> str:
    """A resource that fits the pattern, in the grant's region and account."""
    if pattern == "*":
        return pattern
    arn = pattern.split(":", 5)
    arn[3:5] = [arn[3].replace("*", grant.region), arn[4].replace("*", grant.account)]
    return ":".join(arn).replace("*", _STAND_IN).replace("?", "x")


def _context(statement: Statement, grant: Grant) -> Iterable[Mapping[str, Any]]:
    """What a call of ours would bring along: our tags, the session's, and the values that the conditions ask for."""
    tags = {f"{place}/{key}": _STAND_IN for place in ("aws:RequestTag", "aws:ResourceTag") for key in _OURS}
    session = {"aws:PrincipalTag/kubernetes-namespace": grant.namespace, "aws:PrincipalTag/cluster": grant.cluster}
    asked = {
        key: (value, "stringList" if operator.startswith("ForAnyValue:") else "string")
        for operator, keys in (statement.conditions or {}).items()
        if operator != "Null"
        for key, value in keys.items()
    }
    known = {key: (value, "string") for key, value in {**tags, **session}.items()}
    for key, (value, kind) in {**known, **asked}.items():
        yield {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value or _STAND_IN]}
