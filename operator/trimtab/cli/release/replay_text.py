"""Judgements as JSON and as lines."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.cli.release.replaying import Judged, KpiFigures
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.evidence.trial import Outcome

_NAME = 20


def told(judged: Judged) -> dict[str, Any]:
    """A judgement for scripts."""
    return {
        "run": judged.run,
        "verdict": verdict(judged.outcome),
        "t": judged.t,
        "reason": str(judged.reason),
        "kpis": {kpi.kpi: _told_kpi(kpi) for kpi in judged.kpis},
    }


def verdict(outcome: Outcome) -> str:
    """An outcome as the docs write it."""
    return outcome.name.title()


def run_lines(found: list[Judged]) -> Iterator[str]:
    """A table with a line for each run and KPI, and how often each verdict was reached."""
    name = max(3, min(_NAME, max(len(judged.run) for judged in found)))
    reason = max(len(str(judged.reason)) for judged in found)
    yield f"{'run':{name}}  {'verdict':12}  {'after':>9}  {'reason':{reason}}  failed"
    for judged in found:
        head = f"{_cut(judged.run, name):{name}}  {verdict(judged.outcome):12}  {spoken(judged.t):>9}"
        first, *others = (kpi_line(kpi) for kpi in judged.kpis)
        yield f"{head}  {judged.reason!s:{reason}}  {first}"
        yield from (f"{'':{len(head) + reason + 2}}  {other}" for other in others)
    if len(found) > 1:
        counts = Counter(verdict(judged.outcome) for judged in found)
        yield f"{len(found):,} runs: " + ", ".join(f"{count:,} {name}" for name, count in counts.most_common())


def kpi_line(kpi: KpiFigures) -> str:
    """What both revisions were counted, side by side."""
    return f"{kpi.kpi}: new {_failed(kpi.candidate)}, stable {_failed(kpi.stable)}"


def _failed(counts: tuple[int, int]) -> str:
    requests, failed = counts
    return f"{failed / requests:.3%} of {requests:,}" if requests else "none"


def opinion(reason: Reason) -> str:
    """What one KPI says: Pass, Fail or Insufficient."""
    if reason in (Reason.SLO_BREACHED, Reason.WORSE_THAN_STABLE):
        return "Fail"
    return "Pass" if reason is Reason.PROGRESSING else "Insufficient"


def _told_kpi(kpi: KpiFigures) -> dict[str, Any]:
    return {
        "verdict": opinion(kpi.reason),
        "reason": "" if kpi.reason is Reason.PROGRESSING else str(kpi.reason),
        "candidate": {"requests": kpi.candidate[0], "failed": kpi.candidate[1]},
        "stable": {"requests": kpi.stable[0], "failed": kpi.stable[1]},
        "abort": kpi.abort,
        "promote": kpi.promote,
    }


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
