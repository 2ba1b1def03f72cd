"""What a test of load calls lost and late, and when nothing at all may be either."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.load import Summary, few_late, none_failed, none_lost

SENT = 1000


def summary(steal: float = 0.0, **failures: int) -> Summary:
    failed = sum(failures.values())
    found: dict[str, Any] = {"sent": SENT, "received": SENT - failed, "failed": failed, "failures": failures or None}
    return {**found, "failed_at": [1], "latency_ms": {"p50": 1}, "cpu": {"idle": 0.5, "steal": steal}}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (none_failed, summary()),
        (none_failed, summary(timeout=10)),
        (none_failed, summary(steal=0.2, timeout=100, reset=2)),
        (none_lost, summary(timeout=100, reset=2)),
        (few_late, summary(timeout=100, reset=500)),
    ],
)
def test_what_is_let_pass(rule: Callable[[Summary], None], found: Summary) -> None:
    rule(found)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (none_failed, summary(reset=1)),
        (none_failed, summary(timeout=11)),
        (none_failed, summary(steal=0.2, reset=3)),
        (none_failed, summary(steal=0.2, timeout=101)),
        (none_lost, summary(refused=2, reset=1)),
        (none_lost, summary(timeout=101)),
        (few_late, summary(timeout=101)),
    ],
)
def test_what_is_not(rule: Callable[[Summary], None], found: Summary) -> None:
    with pytest.raises(AssertionError, match=r"of 1000 failed, in the seconds \[1\].*of the CPU 50% was idle"):
        rule(found)
