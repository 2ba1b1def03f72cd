"""Conditions and the comparison of whole statuses.

The trio Ready, Reconciling and Stalled follows kstatus (sigs.k8s.io/cli-utils/pkg/kstatus): Ready always, the other two
only while True, so that Flux, Argo CD and `kubectl wait` read the same as we mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from trimtab.api.reasons import Reason

Status = Mapping[str, Any]

MAX_MESSAGE = 1024
"""Longest condition message in characters; the API convention allows 32768, a terminal does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is the case now. `message` is one or two sentences for a person."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str


def timestamp(moment: datetime) -> str:
    """A Kubernetes time: RFC 3339, UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def conditions(
    wanted: Iterable[Condition], live: Iterable[Mapping[str, Any]], generation: int, now: datetime
) -> list[dict[str, Any]]:
    """`wanted` as status.conditions; lastTransitionTime stays as in `live` where the condition's status did."""
    before = {condition["type"]: condition for condition in live}
    return [_rendered(condition, before.get(condition.type, {}), generation, now) for condition in wanted]


def _rendered(condition: Condition, before: Mapping[str, Any], generation: int, now: datetime) -> dict[str, Any]:
    unchanged = before.get("status") == condition.status and before.get("lastTransitionTime")
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": str(condition.reason),
        "message": shortened(condition.message, MAX_MESSAGE),
        "observedGeneration": generation,
        "lastTransitionTime": unchanged or timestamp(now),
    }


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters of `text`; an ellipsis says that some are missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def condition(status: Status, type_: str) -> Mapping[str, Any]:
    """The condition of that type, or an empty mapping."""
    for entry in status.get("conditions", ()):
        if entry["type"] == type_:
            return dict(entry)
    return {}


def without_empty(status: Status) -> dict[str, Any]:
    """The status without what says nothing, so that it compares equal with what the API server gives back."""
    return {key: value for key, value in status.items() if value not in (None, "", [], {})}


def same(one: Status, other: Status) -> bool:
    """Whether two statuses say the same; the order of conditions does not matter (the list is a map by type)."""
    return _comparable(one) == _comparable(other)


def _comparable(status: Status) -> dict[str, Any]:
    by_type = {entry["type"]: entry for entry in status.get("conditions", ())}
    return {**without_empty(status), "conditions": by_type}
