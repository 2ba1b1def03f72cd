"""A release judged anew, as lines and as JSON."""

from collections.abc import Iterator
from typing import Any

from trimtab.cli.release.anew import Anew, Told
from trimtab.cli.release.drawing import moment
from trimtab.cli.release.replay_text import kpi_line, opinion, told, verdict
from trimtab.domain.objects import Object
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.evidence.trial import Outcome

MARGIN = 10


def summary(anew: Anew, *, ticks: bool) -> dict[str, Any]:
    """The same for scripts."""
    metadata, record = anew.release["metadata"], anew.record
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "releaseID": anew.status.get("releaseID"),
        "settings": list(anew.changes),
        "decided": {
            "outcome": record.get("outcome"),
            "reason": record.get("reason"),
            "message": record.get("message"),
            "kpis": {_name(each): each["verdict"] for each in anew.status.get("kpis") or ()},
        },
        "replayed": {name: value for name, value in told(anew.judged).items() if name != "run"},
        **({"ticks": [_tick(each) for each in anew.ticks]} if ticks else {}),
    }


def lines(anew: Anew, *, ticks: bool) -> Iterator[str]:
    """What was decided, what would have been, by which counts; with `ticks` each of them."""
    metadata, judged = anew.release["metadata"], anew.judged
    yield f"{metadata['namespace']}/{metadata['name']}  release {anew.status.get('releaseID', '')}"
    yield _labelled("decided", _decided(anew))
    for kpi in anew.status.get("kpis") or ():
        yield _labelled("", ": ".join(part for part in (_name(kpi), kpi["verdict"], kpi.get("reason")) if part))
    outcome = f"{verdict(judged.outcome)} after {spoken(judged.t)}, in step {judged.step}: {judged.reason}"
    yield _labelled("replayed", outcome)
    for change in anew.changes:
        yield _labelled("", f"with {change}")
    if judged.outcome is Outcome.HOLD:
        yield _labelled("", "undecided when the counts end; what later ticks would have brought, nobody knows")
    for kpi in judged.kpis:
        yield _labelled("", f"{kpi_line(kpi)}")
        yield _labelled("", f"  abort {kpi.abort}%, promote {kpi.promote}%, {opinion(kpi.reason)}")
    if anew.others:
        yield _labelled("", f"not judged anew, since they do not count: {', '.join(anew.others)}")
    if ticks:
        yield from _table(anew.ticks)


def _decided(anew: Anew) -> str:
    record = anew.record
    if not record:
        return f"nothing yet ({anew.status.get('phase', '')})"
    took = (moment(record["endedAt"]) - moment(record["startedAt"])).total_seconds()
    why = (record.get("reason"), record.get("message"))
    return ": ".join(part for part in (f"{record['outcome']} after {spoken(took)}", *why) if part)


def _name(kpi: Object) -> str:
    return f"{kpi['target']}/{kpi['name']}"


def _table(ticks: tuple[Told, ...]) -> Iterator[str]:
    name = max(len(each.kpi) for each in ticks)
    yield ""
    yield f"{'t':>7}  step  {'kpi':{name}}  {'new failed':>14}  {'stable failed':>14}  abort  promote"
    for each in ticks:
        yield (
            f"{spoken(each.t):>7}  {each.step:>4}  {each.kpi:{name}}  {_failed(each.candidate):>14}  "
            f"{_failed(each.stable):>14}  {each.abort:>4}%  {each.promote:>6}%"
        )


def _failed(counts: tuple[int, int] | None) -> str:
    return f"{counts[1]:,} of {counts[0]:,}" if counts else "no data"


def _tick(each: Told) -> dict[str, Any]:
    return {
        "t": each.t,
        "step": each.step,
        "kpi": each.kpi,
        "candidate": _arm(each.candidate),
        "stable": _arm(each.stable),
        "abort": each.abort,
        "promote": each.promote,
        "reason": each.reason,
    }


def _arm(counts: tuple[int, int] | None) -> dict[str, int] | None:
    return {"requests": counts[0], "failed": counts[1]} if counts else None


def _labelled(label: str, text: str) -> str:
    return f"{label:{MARGIN}}{text}"
