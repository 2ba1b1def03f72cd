"""Changes made elsewhere: how often each setting was changed back, and when a fight is not worth going on.

`status.drift` remembers it. A setting that was changed back LIMIT times within an hour and is changed once more is left
as it is (`DriftConflict`) until the spec or the annotation `trimtab.dev/reconcile` changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.status import timestamp, without_empty

LIMIT = 5
WINDOW = 3600.0

Spot = tuple[str, str]
"""A setting: the key of its resource, its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """An entry of status.drift. `count`: how often it was changed back since `first`; times are Kubernetes times."""

    key: str
    setting: str
    wanted: str
    found: str
    count: int = 0
    first: str = ""
    last: str = ""

    @property
    def spot(self) -> Spot:
        """Which setting it is."""
        return self.key, self.setting

    def to_status(self) -> dict[str, Any]:
        """The entry as it is written."""
        fields = ("key", "setting", "wanted", "found", "count", "first", "last")
        return without_empty({name: getattr(self, name) for name in fields}) | {"count": self.count}


def recorded(status: Mapping[str, Any]) -> dict[Spot, Drift]:
    """The entries of status.drift by setting."""
    entries = (Drift(**{name: entry[name] for name in _FIELDS & entry.keys()}) for entry in status.get("drift") or ())
    return {entry.spot: entry for entry in entries}


_FIELDS = {"key", "setting", "wanted", "found", "count", "first", "last"}


def met(found: Drift, before: Drift | None, now: datetime, *, remedied: bool) -> Drift:
    """An incident that was met now: a new one, or one more of a series; `remedied` if it is changed back now."""
    fresh = before is None or _age(before.first, now) > WINDOW
    first, count = (timestamp(now), 0) if before is None or (fresh and remedied) else (before.first, before.count)
    last = timestamp(now) if before is None or remedied else before.last
    return Drift(
        key=found.key,
        setting=found.setting,
        wanted=found.wanted,
        found=found.found,
        count=count + remedied,
        first=first,
        last=last,
    )


def is_conflict(before: Drift | None, now: datetime) -> bool:
    """Whether somebody else insists: it was changed back too often in the last hour, and then left as it is."""
    return before is not None and before.count >= LIMIT and _age(before.first, before_last(before, now)) <= WINDOW


def before_last(entry: Drift, now: datetime) -> datetime:
    """When the entry was met last."""
    return datetime.fromisoformat(entry.last) if entry.last else now


def remembered(entries: Iterable[Drift], now: datetime) -> list[Drift]:
    """Entries of settings that are as declared now, as long as they count for a series."""
    return [entry for entry in entries if entry.count and _age(entry.last, now) <= WINDOW]


def _age(at: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(at)).total_seconds() if at else 0.0
