"""`trimtab release replay NAME`: a release of the cluster, judged anew from its ledgers."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click
import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release import live, settings, specs
from trimtab.cli.release.ledgers import Ledger, ledgers, series_of
from trimtab.cli.release.replay_text import kpi_line, told, verdict
from trimtab.cli.release.replaying import Judged, replayed
from trimtab.cli.release.terms import COMPARE, counting, terms_of
from trimtab.domain.objects import Object
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.evidence.expectation import progress
from trimtab.domain.release.evidence.terms import Compare, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Outcome, Trial
from trimtab.domain.release.stages import stages

_UNDECIDED = "it was undecided there; what later ticks would have brought, nobody has counted"


@dataclass(slots=True)
class Ticks:
    """Collects what each tick counted, and how far the evidence was after it."""

    names: Sequence[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, trial: Trial, tick: Tick) -> None:
        """See replaying.Watcher."""
        abort, promote = progress(trial.evidence, trial.terms, tick.compared)
        conditions = trial.conditions()
        for row, name in enumerate(self.names):
            counted = bool(tick.counts[row])
            self.rows.append(
                {
                    "t": int(trial.course.clock[0]),
                    "kpi": name,
                    "step": int(trial.course.step[0]) + 1,
                    "candidate": _counts(tick.candidate_total[row], tick.candidate_bad[row]) if counted else None,
                    "stable": _counts(tick.stable_total[row], tick.stable_bad[row]) if counted else None,
                    "abort": int(abort[row]),
                    "promote": int(promote[row]),
                    "reason": str(conditions[row]),
                }
            )


def replay_live(name: str, namespace: str | None, changes: tuple[str, ...], *, ticks: bool, output: str) -> None:
    """Prints what was decided, and what would have been decided with the changes."""
    release = live.read(name, namespace)
    spec = specs.checked(settings.changed(release["spec"], changes))
    found = _ledgers(release, spec)
    seen = Ticks([ledger.name for ledger in found])
    series = series_of(found, str(release["status"].get("releaseID", "")))
    if int(series.step.max()) > len(stages(spec.strategy)):
        raise click.ClickException("its strategy has fewer steps now than the release took: it cannot be judged by it")
    judged = replayed(spec, series, _terms(spec, found, changes), seen)[0]
    if output == "json":
        click.echo(json.dumps(_summary(release, changes, judged, seen.rows if ticks else None), indent=2))
    else:
        click.echo("\n".join(_lines(release, spec, changes, judged, seen.rows if ticks else None)))


def _ledgers(release: Object, spec: CanaryReleaseSpec) -> list[Ledger]:
    found = ledgers(release.get("status") or {}, tuple(kpi.name for kpi in counting(spec)))
    if not found:
        raise click.ClickException(
            f"{release['metadata']['name']} has counted nothing: it has released nothing yet, or no KPI of it counts"
        )
    return found


def _terms(spec: CanaryReleaseSpec, found: list[Ledger], changes: tuple[str, ...]) -> Terms:
    """A row for each ledger. What Auto stood for is recorded; it is not chosen anew."""
    names = [kpi.name for kpi in counting(spec)]
    said = spec.analysis.compare_to
    compare = [COMPARE.get(ledger.compare_to if said == "Auto" else said, Compare.SLO) for ledger in found]
    tick = min(entry.seconds for ledger in found for entry in ledger.entries)
    rows = terms_of(spec, [Compare.BOTH] * len(names), targets=1, tick=tick).rows(
        np.array([names.index(ledger.kpi) for ledger in found])
    )
    return replace(rows, compare=np.array([int(each) for each in compare]), kpis=np.full(len(found), float(len(found))))


def _decided(release: Object) -> Object:
    """The record of the release whose ledger it is; empty while it is under way."""
    status = release["status"]
    records = status.get("history") or ()
    return next((each for each in records if each["releaseID"] == status.get("releaseID")), {})


def _summary(
    release: Object, changes: tuple[str, ...], judged: Judged, ticks: list[dict[str, Any]] | None
) -> dict[str, Any]:
    metadata, status, record = release["metadata"], release["status"], _decided(release)
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "releaseID": status.get("releaseID"),
        "settings": list(changes),
        "decided": {
            "outcome": record.get("outcome"),
            "reason": record.get("reason"),
            "message": record.get("message"),
            "kpis": {f"{each['target']}/{each['name']}": each["verdict"] for each in status.get("kpis") or ()},
        },
        "replayed": {name: value for name, value in told(judged).items() if name != "run"} | {"step": judged.step},
        **({"ticks": ticks} if ticks is not None else {}),
    }


def _lines(
    release: Object,
    spec: CanaryReleaseSpec,
    changes: tuple[str, ...],
    judged: Judged,
    ticks: list[dict[str, Any]] | None,
) -> Iterator[str]:
    metadata, status, record = release["metadata"], release["status"], _decided(release)
    yield f"{metadata['namespace']}/{metadata['name']}  release {status.get('releaseID', '')}"
    decided = record.get("outcome") or f"nothing yet ({status.get('phase', '')})"
    why = ": ".join(part for part in (record.get("reason"), record.get("message")) if part)
    yield f"decided   {decided}{f': {why}' if why else ''}"
    yield f"replayed  {', '.join(changes) or 'with the settings of its spec'}"
    yield f"          {verdict(judged.outcome)} after {spoken(judged.t)}, in step {judged.step}: {judged.reason}"
    if judged.outcome is Outcome.HOLD:
        yield f"          {_UNDECIDED}"
    for kpi in judged.kpis:
        yield f"          {kpi_line(kpi)}"
        yield f"            abort {kpi.abort}%, promote {kpi.promote}%, {kpi.reason}"
    if others := [kpi.name for kpi in spec.kpis if kpi not in counting(spec)]:
        yield f"          not judged anew, since no counts are kept: {', '.join(others)}"
    if ticks is not None:
        yield from _table(ticks)


def _table(ticks: list[dict[str, Any]]) -> Iterator[str]:
    yield ""
    name = max(len(each["kpi"]) for each in ticks)
    yield f"{'t':>7}  {'step':4}  {'kpi':{name}}  {'new failed':>16}  {'stable failed':>16}  abort  promote"
    for each in ticks:
        arms = (
            f"{arm['failed']:,} of {arm['requests']:,}" if arm else "" for arm in (each["candidate"], each["stable"])
        )
        new, stable = arms
        yield (
            f"{spoken(each['t']):>7}  {each['step']:>4}  {each['kpi']:{name}}  {new:>16}  {stable:>16}  "
            f"{each['abort']:>4}%  {each['promote']:>6}%"
        )


def _counts(total: Any, bad: Any) -> dict[str, int]:
    return {"requests": int(total), "failed": int(bad)}
