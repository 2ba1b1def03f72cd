"""status.waitingFor: what stands between now and a service that is as declared."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from trimtab.domain.plan import Failure
from trimtab.domain.service.blockers import Blocker
from trimtab.domain.status import Condition, shortened, timestamp

_MOST = 10
_MAX_MESSAGE = 512


def of_failures(failures: Iterable[Failure]) -> Iterator[Blocker]:
    """The children that the API server refused."""
    for failure in failures:
        yield Blocker(kind=failure.ref.kind, name=failure.ref.name, reason=failure.reason, message=failure.message)


def of_aspects(name: str, route: str, aspects: Iterable[Condition]) -> Iterator[Blocker]:
    """The conditions that are False, as what their child waits for; `route` is the kind of the service's route."""
    kinds = {"Exposed": route, "ScalingActive": "HorizontalPodAutoscaler"}
    for aspect in aspects:
        if aspect.status == "False":
            kind = kinds[aspect.type]
            yield Blocker(kind=kind, name=name, reason=aspect.reason, message=aspect.message)


def rendered(blockers: Iterable[Blocker], before: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """At most ten entries, without repetitions; `since` stays as in `before` where the same blocker was there."""
    since = {(entry["kind"], entry["name"], entry["reason"]): entry.get("since") for entry in before}
    entries: dict[tuple[str, str, str], dict[str, Any]] = {}
    for blocker in blockers:
        key = (blocker.kind, blocker.name, str(blocker.reason))
        if key not in entries and len(entries) < _MOST:
            entries[key] = {
                "kind": blocker.kind,
                "name": blocker.name,
                "reason": str(blocker.reason),
                "message": shortened(blocker.message, _MAX_MESSAGE),
                "since": since.get(key) or timestamp(now),
            }
    return list(entries.values())
