"""Conditions and their times."""

from datetime import UTC, datetime

from trimtab.api.reasons import Reason
from trimtab.domain.status import Condition, conditions, same

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 4, 0, 0, tzinfo=UTC)
READY = Condition(type="Ready", status="True", reason=Reason.AVAILABLE, message="2 of 2 pods ready")
WAITING = Condition(type="Ready", status="False", reason=Reason.ROLLING_OUT, message="1 of 2 pods ready")


def test_the_time_is_that_of_the_last_change_of_status_not_of_the_message() -> None:
    first = conditions([READY], [], 1, NOW)
    assert first[0]["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    other = Condition(type="Ready", status="True", reason=Reason.SCALED_TO_ZERO, message="none")
    assert conditions([other], first, 2, LATER)[0]["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    assert conditions([other], first, 2, LATER)[0]["observedGeneration"] == 2
    assert conditions([WAITING], first, 2, LATER)[0]["lastTransitionTime"] == "2026-01-02T04:00:00Z"


def test_a_message_that_fits_no_terminal_is_cut() -> None:
    long = Condition(type="Ready", status="True", reason=Reason.AVAILABLE, message="x" * 5000)
    assert len(conditions([long], [], 1, NOW)[0]["message"]) == 1024


def test_two_statuses_are_the_same_whatever_the_order_of_conditions_and_empty_fields() -> None:
    one = conditions([READY], [], 1, NOW)[0]
    other = {**one, "type": "Exposed"}
    assert same({"conditions": [one, other], "jobs": []}, {"conditions": [other, one]})
    assert not same({"conditions": [one]}, {"conditions": [other]})
    assert not same({"conditions": [one], "replicas": 0}, {"conditions": [one]})
