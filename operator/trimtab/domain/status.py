"""Conditions and the comparison of whole statuses."""

from collections.abc import Mapping
from typing import Any

Status = Mapping[str, Any]


def same(one: Status, other: Status) -> bool:
    """Whether two statuses say the same; the order of conditions does not matter (the list is a map by type)."""
    return dict(one) == dict(other)
