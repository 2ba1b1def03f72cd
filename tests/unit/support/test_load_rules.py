"""What a test of load calls lost and late, and when nothing at all may be either."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.load import Summary, few_late, none_failed, none_lost

from shopdemo.verdict import objections, standstills

SENT = 1000


def summary(steal: float = 0.0, **failures: int) -> Summary:
    failed = sum(failures.values())
    found: dict[str, Any] = {"sent": SENT, "received": SENT - failed, "failed": failed, "failures": failures or None}
    machine = {"cpu": {"idle": 0.5, "steal": steal}, "standstills": 3, "max_standstill_ms": 2500}
    return {**found, "failed_at": [1], "latency_ms": {"p50": 1}, **machine}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (none_failed, summary()),
        (none_failed, summary(timeout=10)),
        (none_failed, summary(steal=0.2, timeout=100, reset=2)),
        (none_lost, summary(timeout=100, reset=2)),
        (none_lost, summary(timeout=100, standstill=200)),
        (none_failed, summary(timeout=10, standstill=200)),
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
        (none_failed, summary(standstill=200, reset=1)),
        (none_failed, summary(standstill=200, timeout=11)),
        (few_late, summary(standstill=201)),
    ],
)
def test_what_is_not(rule: Callable[[Summary], None], found: Summary) -> None:
    with pytest.raises(AssertionError, match=r"of 1000 failed, in the seconds \[1\].*of the CPU 50% was idle"):
        rule(found)


def test_what_was_seen_is_said() -> None:
    (of_lost, of_late) = objections(summary(timeout=20, standstill=30, reset=1, closed=2))
    assert of_lost == "lost 3 of 1000 (0.3%), allowed 0.0%: 2 closed, 1 reset"
    assert of_late == "later than 2 s 20 of 1000 (2.0%), allowed 1%"
    said = standstills(summary(standstill=30))
    assert said == "30 late while a processor of this machine stood still (3 times, 2.5 s at most)"
    assert standstills(summary(timeout=30)) == ""
