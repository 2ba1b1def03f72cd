"""Revisions that are not to serve: status.rejectedRevisions, and the verb that gives one another chance."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import uid_of
from trimtab.domain.service.gating import annotation
from trimtab.domain.service.observation import Observation
from trimtab.domain.status import timestamp
from trimtab.domain.traffic.order import Order

_KEPT = 10

Entry = Mapping[str, Any]
"""An entry of status.rejectedRevisions: revision, reason, message, at, lifted."""


def updated(
    observation: Observation,
    listed: Iterable[Entry],
    target: str,
    told: Mapping[str, Any],
    order: Order | None,
    before: Mapping[str, Any],
    now: datetime,
) -> tuple[tuple[Entry, ...], Mapping[str, str]]:
    """The list, newest first, and the answer to the last verb (empty: there never was one).

    `told` is our entry in the CanaryRelease's status.targets, `before` our own status.release so far.
    """
    entries = tuple(listed)
    if _was_interrupted(observation, before):
        entries = _added(_interrupted(before, now), entries)
    rejected = told.get("rejected")
    if rejected:
        entries = _added(rejected, entries)
    named = {order.stable, order.candidate} if order is not None else set()
    pardoned = named - ({rejected["revision"]} if rejected else set())
    entries = tuple(_lifted(each) if each["revision"] != target or target in pardoned else each for each in entries)
    return _asked(observation, entries, target, before.get("verb") or {})


def _was_interrupted(observation: Observation, before: Mapping[str, Any]) -> bool:
    """Whether the CanaryRelease went while a candidate was under way."""
    uid = uid_of(observation.policy) if observation.policy is not None else ""
    return bool(before.get("candidate")) and before.get("policy", "") != uid


def _interrupted(before: Mapping[str, Any], now: datetime) -> Entry:
    return {
        "revision": before["candidate"],
        "reason": str(Reason.RELEASE_POLICY_DELETED),
        "message": "its CanaryRelease was deleted, or no longer names this service, while it was being released",
        "at": timestamp(now),
    }


def _added(entry: Entry, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The list with an entry in front, unless it holds it already."""
    known = any(each["revision"] == entry["revision"] and each["at"] == entry["at"] for each in entries)
    fields = {name: entry[name] for name in ("revision", "reason", "message", "at") if entry.get(name)}
    return entries if known else (fields, *entries)[:_KEPT]


def _lifted(entry: Entry) -> Entry:
    return entry if entry.get("lifted") else {**entry, "lifted": True}


def _asked(
    observation: Observation, entries: tuple[Entry, ...], target: str, answered: Mapping[str, str]
) -> tuple[tuple[Entry, ...], Mapping[str, str]]:
    """With a CanaryRelease verbs are its affair. Without one, `retry/<revision>/<nonce>` lifts a rejection."""
    value = annotation(observation, labels.RELEASE)
    if observation.policy is not None or not value or answered.get("value") == value:
        return entries, answered
    verb, _, rest = value.partition("/")
    refused = any(each["revision"] == target and not each.get("lifted") for each in entries)
    if verb != "retry":
        return entries, _answer(value, "Refused", f"{verb} belongs on a CanaryRelease; here only retry is heard")
    if not refused:
        return entries, _answer(value, "Refused", f"revision {target}, which the spec asks for, is not rejected")
    if rest.partition("/")[0] != target or not rest.partition("/")[2]:
        return entries, _answer(value, "Refused", f"write {labels.RELEASE}: retry/{target}/<any new value>")
    lifted = tuple(_lifted(each) if each["revision"] == target else each for each in entries)
    return lifted, _answer(value, "Accepted", f"revision {target} is rolled out")


def _answer(value: str, result: str, message: str) -> Mapping[str, str]:
    return {"value": value, "result": result, "message": message}
