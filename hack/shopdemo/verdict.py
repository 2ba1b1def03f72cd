"""What the summary of a load says of a service, for the demo and the end-to-end tests."""

from collections import Counter
from typing import Any

Summary = dict[str, Any]
"""What the load generator of hack/demo-app prints."""

LATE, STANDSTILL = "timeout", "standstill"
"""Kinds of failures: no answer within 2 s; and the same while a processor of this machine stood still."""

STALLED = 0.01
"""Share of requests that may be late where nothing else runs."""

UNJUDGED = 0.2
"""Share of requests of which a standstill may be the reason; with more, the load proves nothing."""


def lost(summary: Summary) -> Counter[str]:
    """Requests that were refused, cut off or answered wrongly, by what came instead."""
    return Counter({why: number for why, number in _failures(summary) if why not in (LATE, STANDSTILL)})


def objections(summary: Summary, *, lost_share: float = 0.0, late_share: float = STALLED) -> list[str]:
    """What there is to be said against a service, empty if nothing.

    What is lost counts whenever it is lost. What is late counts unless a processor stood still meanwhile, since then
    nobody can know whose fault it is.
    """
    sent, found = summary["sent"], []
    if lost(summary).total() > lost_share * sent:
        found.append(f"lost {_share(lost(summary).total(), sent)}, allowed {lost_share:.1%}: {_by_kind(summary)}")
    for kind, share, what in (
        (LATE, late_share, "later than 2 s"),
        (STANDSTILL, UNJUDGED, "late while a processor of this machine stood still, which proves nothing,"),
    ):
        if (number := dict(_failures(summary)).get(kind, 0)) > share * sent:
            found.append(f"{what} {_share(number, sent)}, allowed {share:.0%}")
    return found


def standstills(summary: Summary) -> str:
    """How often processors stood still, and for how many requests that is why they were late; empty if for none."""
    if not (number := dict(_failures(summary)).get(STANDSTILL, 0)):
        return ""
    times, longest = summary["standstills"], summary["max_standstill_ms"] / 1000
    return f"{number} late while a processor of this machine stood still ({times} times, {longest:.1f} s at most)"


def _failures(summary: Summary) -> list[tuple[str, int]]:
    return list((summary["failures"] or {}).items())


def _share(number: int, sent: int) -> str:
    return f"{number} of {sent} ({number / sent:.1%})"


def _by_kind(summary: Summary) -> str:
    return ", ".join(f"{number} {why}" for why, number in lost(summary).most_common())
