"""Since when pods have been running: what is too young is not judged."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from trimtab.domain import labels
from trimtab.domain.objects import Object

Starts = Mapping[str, Mapping[str, float]]
"""By revision, by name of a pod: the unix time at which the service started there."""

_APP = "app"
_ENDED = ("Succeeded", "Failed")


def of(pods: Iterable[Object]) -> Starts:
    """Of projected pods that started and have not ended.

    A container that crashed does not make its pod young again: what went wrong before must not be left out.
    """
    found: dict[str, dict[str, float]] = {}
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status") or {}
        started = _started(status)
        if started is not None and status.get("phase") not in _ENDED:
            revision = str((metadata.get("labels") or {}).get(labels.REVISION, ""))
            found.setdefault(revision, {})[metadata["name"]] = started
    return found


def _started(status: Mapping[str, Any]) -> float | None:
    app: Mapping[str, Any] = next(
        (each for each in status.get("containerStatuses") or () if each.get("name") == _APP), {}
    )
    state = app.get("state") or {}
    began = (state.get("running") or state.get("terminated") or {}).get("startedAt")
    crashed = app.get("restartCount") or (app.get("lastState") or {}).get("terminated")
    said = status.get("startTime") if crashed else began
    return None if said is None else datetime.fromisoformat(str(said)).timestamp()
