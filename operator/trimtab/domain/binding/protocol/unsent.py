"""What a recorded intent says too much once AWS has refused the write: only what was answered counts for a fight."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from trimtab.domain.binding.protocol.decision import Action, Decision, Modify
from trimtab.domain.binding.protocol.drift import Drift, Spot
from trimtab.domain.binding.record import PENDING, Record, recorded


def unsent(decision: Decision, before: Mapping[str, Any], failed: Collection[Action]) -> Decision:
    """The decision without the changes of settings that failed; `before` is the status before it was recorded."""
    spots = {(each.resource.key, name) for each in failed if isinstance(each, Modify) for name in each.change.differing}
    known = recorded(before)
    records = {key: _restored(record, known.get(key), spots) for key, record in decision.records.items()}
    return replace(decision, records=records, drifts=tuple(_uncounted(decision.drifts, spots)))


def _restored(record: Record, before: Record | None, spots: Collection[Spot]) -> Record:
    known = before.applied if before is not None else {}
    applied = {
        name: known.get(name, "") if (record.key, name) in spots and value == PENDING else value
        for name, value in record.applied.items()
    }
    return replace(record, applied={name: value for name, value in applied.items() if value})


def _uncounted(drifts: Collection[Drift], spots: Collection[Spot]) -> Iterator[Drift]:
    for each in drifts:
        yield replace(each, count=max(0, each.count - 1)) if each.spot in spots else each
