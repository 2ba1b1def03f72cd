"""Policies of resources in which our statements stand beside those of others."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.domain.binding.protocol.delivery import SID


def ours(document: str) -> list[Any]:
    """Our statements of a policy in the order of their ids; none if `document` is empty."""
    return sorted((each for each in _statements(document) if _is_ours(each)), key=lambda each: str(each["Sid"]))


def merged(document: str, statements: Sequence[Mapping[str, Any]]) -> str:
    """The policy with these in place of our former statements; empty if nothing is left."""
    all_of_them = [each for each in _statements(document) if not _is_ours(each)] + list(statements)
    if not all_of_them:
        return ""
    whole = json.loads(document) if document else {"Version": "2012-10-17"}
    return json.dumps({**whole, "Statement": all_of_them}, separators=(",", ":"))


def _statements(document: str) -> list[Any]:
    found = json.loads(document).get("Statement", []) if document else []
    return found if isinstance(found, list) else [found]


def _is_ours(statement: Mapping[str, Any]) -> bool:
    return str(statement.get("Sid", "")).startswith(SID)
