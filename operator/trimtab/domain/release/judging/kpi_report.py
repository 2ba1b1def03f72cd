"""status.kpis[]: what each KPI says, what it counted, and what judging has to remember."""

from collections.abc import Iterator
from typing import Any

from trimtab.api.kpi import Kpi
from trimtab.domain.release.evidence.terms import Compare
from trimtab.domain.release.judging import opinions
from trimtab.domain.release.judging.kpistate import KpiState, to_text
from trimtab.domain.release.judging.rows import in_step
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import State
from trimtab.domain.release.verdicts import Judgement, judged
from trimtab.domain.status import without_empty

_COMPARE = {Compare.SLO: "SLO", Compare.STABLE: "Stable", Compare.BOTH: "Both"}


def entries(state: State, look: Look) -> list[dict[str, Any]]:
    """The whole list; at rest that of the last release, without what only judging needs."""
    if state.begun:
        return list(_entries(state, look))
    status = look.observation.resource.get("status") or {}
    return [{name: value for name, value in each.items() if name != "evidence"} for each in status.get("kpis") or ()]


def _entries(state: State, look: Look) -> Iterator[dict[str, Any]]:
    kpis, legs = {kpi.name: kpi for kpi in look.spec.kpis}, {leg.name: leg for leg in state.moving}
    for each in judged(state, look):
        known = look.observation.kpis.get((each.target, each.kpi))
        now = None if known is None else in_step(known, state, look, legs[each.target])
        shown = {} if now is None else _shown(kpis[each.kpi], now, each, look)
        yield without_empty({**_said(each), **shown})


def _said(judgement: Judgement) -> dict[str, Any]:
    verdict = judgement.verdict
    return {
        "target": judgement.target,
        "name": judgement.kpi,
        "verdict": verdict.result,
        "reason": str(verdict.reason) if verdict.result != "Pass" else "",
        "message": verdict.message,
    }


def _shown(kpi: Kpi, known: KpiState, judgement: Judgement, look: Look) -> dict[str, Any]:
    if kpi.gauge is not None:
        values = {name: {"value": level} for name, level in zip(("candidate", "stable"), known.levels, strict=True)}
        return {**{name: value for name, value in values.items() if value["value"]}, "evidence": to_text(known)}
    waits = judgement.verdict.result == "Insufficient"
    return {
        "compareTo": _COMPARE.get(Compare(known.compare)) if known.compare else None,
        "candidate": _counts(known.sums.candidate, known.sums.candidate_bad),
        "stable": _counts(known.sums.stable, known.sums.stable_bad),
        "abort": f"{known.abort}%" if known.whole.candidate else "",
        "promote": f"{known.promote}%" if known.whole.candidate else "",
        "eta": opinions.eta(known, look) if waits else "",
        "evidence": to_text(known),
        "ledger": known.ledger,
    }


def _counts(total: int, bad: int) -> dict[str, Any]:
    """Nothing of a revision without requests."""
    return {"requests": total, "failed": bad, "share": opinions.share(total, bad)} if total else {}
