"""Since when pods have been running."""

from typing import Any

import pytest

from trimtab.domain import labels
from trimtab.domain.release.counting import starts

CREATED, BEGAN, AGAIN = "2027-01-15T08:00:00Z", "2027-01-15T08:00:20Z", "2027-01-15T09:00:00Z"


def pod(phase: str = "Running", **app: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "orders-1", "labels": {labels.REVISION: "aaaaaaaaaa"}},
        "status": {
            "phase": phase,
            "startTime": CREATED,
            "containerStatuses": [
                {"name": "sidecar", "state": {"running": {"startedAt": AGAIN}}},
                {"name": "app", "restartCount": 0, **app},
            ],
        },
    }


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        (pod(state={"running": {"startedAt": BEGAN}}), 20),
        (pod(state={"terminated": {"startedAt": BEGAN}}), 20),
        (pod(state={"waiting": {}}, lastState={"terminated": {"startedAt": BEGAN}}), 0),
        (pod(state={"running": {"startedAt": AGAIN}}, restartCount=1), 0),
        (pod(state={"waiting": {}}), None),
        (pod("Failed", state={"terminated": {"startedAt": BEGAN}}), None),
        ({"metadata": {"name": "orders-1"}}, None),
    ],
    ids=["running", "crashed", "backing off", "restarted", "not yet started", "ended", "new"],
)
def test_a_pod_is_as_old_as_its_service_and_a_crash_makes_it_no_younger(
    found: dict[str, Any], seconds: int | None
) -> None:
    known = starts.of([found])
    assert known == ({} if seconds is None else {"aaaaaaaaaa": {"orders-1": 1800000000.0 + seconds}})
