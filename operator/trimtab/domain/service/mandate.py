"""What a Microservice's CanaryRelease asks of it, and what the Microservice remembers of that in its own status."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain import names
from trimtab.domain.objects import Object, uid_of
from trimtab.domain.service import rejection
from trimtab.domain.service.arms import is_arm
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Revision
from trimtab.domain.status import without_empty
from trimtab.domain.traffic.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What is to be done about revisions.

    `order` is to be carried out; None: there is one Deployment with rolling updates. `released`: a CanaryRelease says
    which revision is next, so no rolling update may begin. `leaving`: revisions still stand side by side though no
    CanaryRelease asks for it any more. Nothing may be done while what was seen of the CanaryRelease is older than what
    was carried out already (`stale`), or no record was seen of the revision that is to serve (`lost`). `stable` is the
    revision that is known to be good, empty if none is. `echo` and `rejected` are status.release and
    status.rejectedRevisions as they are to be recorded.
    """

    order: Order | None
    released: bool
    leaving: bool
    stale: bool
    lost: bool
    stable: str
    echo: Mapping[str, Any]
    rejected: tuple[Mapping[str, Any], ...]

    def refuses(self, name: str) -> bool:
        """Whether a revision is rejected."""
        return any(each["revision"] == name and not each.get("lifted") for each in self.rejected)


def mandate(observation: Observation, target: Revision, records: Mapping[str, Revision], now: datetime) -> Mandate:
    """Reads the CanaryRelease; `records` are all recorded revisions with the target."""
    owner, policy = identity_of(observation.resource), observation.policy
    status = observation.resource.get("status") or {}
    before: Mapping[str, Any] = status.get("release") or {}
    entry = _entry(owner, policy, status, records)
    given = Order.from_status(entry["order"]) if entry.get("order") else None
    stable = given.stable if given is not None else _known_good(observation, target, records, status)
    side_by_side = any(is_arm(owner, each) for ref, each in observation.children.items() if ref.kind == "Deployment")
    order = given
    if given is None and side_by_side and stable:
        order = Order(sequence=0, release="", provider="", stable=stable)
    echo = _echo(policy, given, stable if policy is not None or order is not None else "", before)
    listed = status.get("rejectedRevisions", ())
    rejected, verb = rejection.updated(observation, listed, target.name, entry, given, before, now)
    return Mandate(
        order=order,
        released=policy is not None,
        leaving=policy is None and order is not None,
        stale=given is not None and _is_older(given, policy, before),
        lost=given is not None and given.stable not in records,
        stable=stable,
        echo={**echo, "verb": verb} if verb else echo,
        rejected=rejected,
    )


def _is_older(order: Order, policy: Object | None, before: Mapping[str, Any]) -> bool:
    same = policy is not None and before.get("policy") == uid_of(policy)
    return same and order.sequence < before.get("sequence", 0)


def _entry(
    owner: Identity, policy: Object | None, status: Mapping[str, Any], records: Mapping[str, Revision]
) -> Mapping[str, Any]:
    """Our entry of status.targets; empty if it is about a Microservice that had our name before us."""
    targets = ((policy or {}).get("status") or {}).get("targets") or ()
    entry: Mapping[str, Any] = next((each for each in targets if each["name"] == owner.name), {})
    stable = (entry.get("order") or {}).get("stable", "")
    return {} if stable and stable not in records and not _knew(status, stable) else entry


def _knew(status: Mapping[str, Any], name: str) -> bool:
    """Whether the Microservice ever had that revision, as far as it remembers."""
    release: Mapping[str, Any] = status.get("release") or {}
    begun = (item["revision"] for item in status.get("history") or ())
    return name in (status.get("stableRevision"), release.get("stable"), release.get("candidate"), *begun)


def _known_good(
    observation: Observation, target: Revision, records: Mapping[str, Revision], status: Mapping[str, Any]
) -> str:
    """The revision that was last rolled out in full, or the target if the proxy is all that it adds to that."""
    stable = records.get(status.get("stableRevision", ""))
    if stable is None:
        return ""
    twin = observation.policy is not None and _adds_the_proxy_only(stable, target)
    return target.name if twin else stable.name


def _adds_the_proxy_only(old: Revision, new: Revision) -> bool:
    if old.proxied or not new.proxied:
        return False
    wanted = {**json.loads(old.shape), "proxy": True}
    return names.canonical(wanted) == new.shape


def _echo(policy: Object | None, order: Order | None, stable: str, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """status.release before anything of the order is done: what was said of it before, or that it is taken up."""
    uid = uid_of(policy) if policy is not None else ""
    sequence = order.sequence if order is not None else 0
    same = before.get("policy", "") == uid and before.get("stable", "") == stable
    if same and before.get("sequence", 0) >= sequence:
        return {name: value for name, value in before.items() if name != "verb"}
    fields = {
        "policy": uid,
        "sequence": sequence,
        "id": order.release if order is not None else "",
        "stable": stable,
        "candidate": order.candidate if order is not None else "",
    }
    return without_empty({**fields, "sequence": sequence or None})
