"""`trimtab release replay NAME`: a release of the cluster, judged anew from its ledgers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import click
import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release import settings, specs
from trimtab.cli.release.ledgers import Ledger, ledgers, series_of
from trimtab.cli.release.replaying import Judged, replayed, ways
from trimtab.cli.release.terms import COMPARE, counting, terms_of
from trimtab.domain.objects import Object
from trimtab.domain.release.evidence.terms import Compare, Terms
from trimtab.domain.release.evidence.tick import Tick
from trimtab.domain.release.evidence.trial import Trial
from trimtab.domain.release.stages import stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One KPI after one tick; counts are requests and failures, None where the tick added nothing."""

    t: int
    step: int
    kpi: str
    candidate: tuple[int, int] | None
    stable: tuple[int, int] | None
    abort: int
    promote: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """A release judged anew: with what `changes`, what comes of it, and its ticks. `others`: KPIs that do not count."""

    release: Object
    changes: tuple[str, ...]
    judged: Judged
    ticks: tuple[Told, ...]
    others: tuple[str, ...]

    @property
    def status(self) -> Object:
        """What the operator says of the release."""
        status: Object = self.release["status"]
        return status

    @property
    def record(self) -> Object:
        """What became of the release; empty while it is under way."""
        records = self.status.get("history") or ()
        return next((each for each in records if each["releaseID"] == self.status.get("releaseID")), {})


def anew(release: Object, changes: tuple[str, ...] = ()) -> Anew:
    """Judges the last release of a CanaryRelease, or the one under way. Raises click.ClickException."""
    spec = specs.checked(settings.changed(release["spec"], changes))
    names = tuple(kpi.name for kpi in counting(spec))
    found = ledgers(release.get("status") or {}, names)
    if not found:
        raise click.ClickException(f"{release['metadata']['name']} has counted nothing yet that could be judged anew")
    parts = stages(spec.strategy)
    if max(entry.step for ledger in found for entry in ledger.entries) > len(parts):
        raise click.ClickException("its strategy has fewer steps now than the release took: it cannot be judged by it")
    series = series_of(found, str(release["status"].get("releaseID", "")), [part.weight for part in parts])
    seen = _Ticks([ledger.name for ledger in found])
    judged = replayed(spec, series, _terms(spec, found), seen)[0]
    return Anew(
        release=release,
        changes=changes,
        judged=judged,
        ticks=tuple(seen.told),
        others=tuple(kpi.name for kpi in spec.kpis if kpi.name not in names),
    )


@dataclass(slots=True)
class _Ticks:
    """Collects what each tick counted, and how far the evidence was after it."""

    names: Sequence[str]
    told: list[Told] = field(default_factory=list)

    def __call__(self, trial: Trial, tick: Tick) -> None:
        """See replaying.Watcher; there is one run."""
        abort, promote = ways(trial, tick.compared)
        conditions = trial.conditions()
        for row, name in enumerate(self.names):
            counted = bool(tick.counts[row])
            self.told.append(
                Told(
                    t=int(trial.course.clock[0]),
                    step=int(trial.course.step[0]) + 1,
                    kpi=name,
                    candidate=(int(tick.candidate_total[row]), int(tick.candidate_bad[row])) if counted else None,
                    stable=(int(tick.stable_total[row]), int(tick.stable_bad[row])) if counted else None,
                    abort=int(abort[row]),
                    promote=int(promote[row]),
                    reason=str(conditions[row]),
                )
            )


def _terms(spec: CanaryReleaseSpec, found: list[Ledger]) -> Terms:
    """A row for each ledger. What Auto stood for is recorded; it is not chosen anew."""
    names, said = [kpi.name for kpi in counting(spec)], spec.analysis.compare_to
    tick = min(entry.seconds for ledger in found for entry in ledger.entries)
    rows = terms_of(spec, [Compare.BOTH] * len(names), tick=tick).rows(
        np.array([names.index(ledger.kpi) for ledger in found])
    )
    compare = [COMPARE.get(ledger.compare_to if said == "Auto" else said, Compare.SLO) for ledger in found]
    return replace(rows, compare=np.array(compare, dtype=np.int64), kpis=np.full(len(found), float(len(found))))
