"""What KPIs say, as lines: the verdict, both revisions side by side, and how far the evidence is."""

from collections.abc import Iterator

import click

from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object

BAR = 30
VERDICTS = {
    "Pass": ("✔", "green"),
    "Fail": ("✘", "red"),
    "Insufficient": ("…", "yellow"),
    "ProviderError": ("!", "yellow"),
}
_MEASURES = {"SLO": "SLO", "Stable": "stable", "Both": "SLO and stable"}


def kpi_lines(kpi: Object) -> Iterator[str]:
    """The lines of one entry of status.kpis, styled; what is not known yet is left out."""
    mark, colour = VERDICTS.get(kpi["verdict"], ("?", "yellow"))
    words = f"{click.style(mark, fg=colour)} {kpi['target']}/{kpi['name']} {kpi['verdict']}"
    told = kpi.get("reason", "") if _drawn(kpi) else kpi.get("message", "")
    yield f"{words}: {told}" if told else words
    if side_by_side := _side_by_side(kpi.get("candidate") or {}, kpi.get("stable") or {}):
        yield side_by_side
    if abort := kpi.get("abort"):
        yield _labelled("abort", f"{_bar(abort, 'red')}  {abort}")
    if promote := kpi.get("promote"):
        measure = _MEASURES.get(kpi.get("compareTo") or "")
        by = f", by {measure}" if measure else ""
        yield _labelled("promote", f"{_bar(promote, 'green')}  {promote}{by}")
    if kpi.get("eta"):
        yield _labelled("eta", kpi["eta"])


def _drawn(kpi: Object) -> bool:
    """Whether the counts and bars below tell all that the message does."""
    counted = bool((kpi.get("candidate") or {}).get("requests")) and bool(kpi.get("promote"))
    return counted and (kpi["verdict"] == "Pass" or kpi.get("reason") == Reason.NOT_YET_PROVEN)


def _side_by_side(candidate: Object, stable: Object) -> str:
    arms = (("new", candidate), ("stable", stable))
    if candidate.get("value") or stable.get("value"):
        return _labelled("value", ", ".join(f"{name} {arm['value']}" for name, arm in arms if arm.get("value")))
    counted = [f"{name} {_failed(arm)}" for name, arm in arms if arm]
    return _labelled("failed", ", ".join(counted)) if counted else ""


def _failed(arm: Object) -> str:
    requests = arm.get("requests", 0)
    share = arm.get("share")
    return f"{share} of {requests:,}" if share else f"{arm.get('failed', 0):,} of {requests:,}"


def _bar(percent: str, colour: str) -> str:
    full = round(BAR * min(max(float(percent.rstrip("%")), 0.0), 100.0) / 100)
    return click.style("█" * full, fg=colour) + "░" * (BAR - full)


def _labelled(label: str, text: str) -> str:
    return f"  {click.style(label.ljust(7), dim=True)}  {text}"
