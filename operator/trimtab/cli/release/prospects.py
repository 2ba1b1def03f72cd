"""What to expect of a CanaryRelease, and of the same with other settings, by trying it out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import click
import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release import settings, specs
from trimtab.cli.release.loads import Load
from trimtab.cli.release.staging import Steps
from trimtab.cli.release.terms import COMPARE, counting, last_weight, terms_of
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.evidence.expectation import chosen
from trimtab.domain.release.evidence.forecast import Forecast, Traffic, forecast
from trimtab.domain.release.evidence.terms import Compare, Terms
from trimtab.domain.release.evidence.trial import Outcome
from trimtab.domain.release.stages import stages

MOST = 0.9
"""Share of releases that a time is told for, beside the median."""

_SOONER = 0.9
"""Share of the time that another setting must not exceed to be worth telling."""

_TICKS = 6
_LONGEST = 60

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How releases of one kind of version end: shares, and seconds until the `expected` end, infinite if none.

    `median` and `most` are over all releases: within these times half, and nine of ten, have ended as they should.
    """

    promoted: float
    aborted: float
    median: float
    most: float

    @property
    def undecided(self) -> float:
        """The share that the deadline finds undecided."""
        return 1 - self.promoted - self.aborted


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What to expect with `changes` of the settings: of a version like stable, and of one that is twice too bad."""

    changes: tuple[str, ...]
    compare: Compare
    good: Ends
    bad: Ends

    @property
    def time(self) -> float:
        """What two settings are compared by: seconds until both kinds are decided, as a rule."""
        return self.good.median + self.bad.median


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How often and with which random numbers releases are tried out."""

    runs: int
    seed: int


def prospect(
    spec: settings.Written, changes: Sequence[str], load: Load, trials: Trials, progress: Progress = lambda _: None
) -> Prospect:
    """What to expect of the spec with the changes. Raises click.ClickException if they are not valid."""
    parsed = specs.checked(settings.changed(spec, changes))
    terms = _terms(parsed, load)
    allowed = terms.p0.tolist()
    worse = (2 * allowed[0], *load.failing[1:])
    good = _tried(parsed, terms, load, load.failing, trials, lambda done: progress(done / 2))
    bad = _tried(parsed, terms, load, worse, trials, lambda done: progress(0.5 + done / 2))
    return Prospect(
        changes=tuple(changes),
        compare=Compare(int(terms.compare.max())),
        good=_ends(good, Outcome.PROMOTE),
        bad=_ends(bad, Outcome.ABORT),
    )


def alternatives(spec: settings.Written, compare: Compare) -> Iterator[tuple[str, ...]]:
    """Changes that may let a release be decided sooner, alone and together; valid ones only."""
    parsed = specs.checked(spec)
    slo = ("analysis.compareTo=SLO",) if compare != Compare.SLO else ()
    tolerance = ("analysis.tolerance=3x",) if compare != Compare.SLO and _times(parsed.analysis.tolerance) < 3 else ()
    looser = ("analysis.falsePromote=10%",) if _times(parsed.analysis.false_promote) < 10 else ()
    steps = tuple(_steps(parsed))
    tried = (slo, tolerance, steps, looser, (*tolerance, *steps), (*slo, *steps))
    yield from (changes for changes in dict.fromkeys(tried) if changes and _valid(spec, changes))


def _valid(spec: settings.Written, changes: Sequence[str]) -> bool:
    """Whether the API would take it; three long bakes may exceed the deadline."""
    try:
        specs.checked(settings.changed(spec, changes))
    except click.ClickException:
        return False
    return True


def sooner(now: Prospect, others: Sequence[Prospect]) -> list[Prospect]:
    """Those of the others that decide clearly sooner, or more often; the soonest first."""
    better = (each for each in others if _key(each) < _key(now) and _worth(now, each))
    return sorted(better, key=_key)


def _worth(now: Prospect, other: Prospect) -> bool:
    fewer = other.good.undecided < now.good.undecided - 0.05
    return fewer or other.good.median <= _SOONER * now.good.median or other.bad.median <= _SOONER * now.bad.median


def _key(each: Prospect) -> tuple[float, float]:
    return each.good.median, each.good.undecided + each.bad.undecided


def _steps(spec: CanaryReleaseSpec) -> Iterator[str]:
    """Three larger steps in place of many small ones, each with the longest bake that there was."""
    weights = [stage.weight for stage in stages(spec.strategy) if 0 < stage.weight < 100]
    if spec.strategy.mirror is None and (len(weights) > 3 or 0 < max(weights, default=0) < 50):
        bake = max(math.ceil(stage.bake) for stage in stages(spec.strategy))
        steps = ", ".join(f'{{"weight": "{weight}%", "bake": "{bake}s"}}' for weight in (10, 25, 50))
        yield f'strategy={{"canary": {{"steps": [{steps}]}}}}'


def _tick(spec: CanaryReleaseSpec, load: Load) -> int:
    """Seconds of a tick: those of the spec, or up to a minute where requests are so rare that it makes no difference.

    A step must have its requests in three ticks, so at least six fit into the time that they take to come.
    """
    interval = math.ceil(seconds(spec.analysis.interval))
    steps = [
        max(stage.bake, spec.analysis.min_requests * 100 / (load.rate * stage.weight))
        for stage in Steps.of(spec).parts
        if stage.weight
    ]
    return max(interval, min(math.floor(min(steps, default=0) / _TICKS), _LONGEST))


def _terms(spec: CanaryReleaseSpec, load: Load) -> Terms:
    said = spec.analysis.compare_to
    kpis, targets = len(counting(spec)), len(spec.targets)
    compared = [COMPARE.get(said, Compare.BOTH)] * kpis * targets
    terms = terms_of(spec, compared, targets=targets, tick=_tick(spec, load)).rows(np.arange(kpis))
    if said != "Auto":
        return terms
    compare = chosen(
        terms,
        rate=np.full(kpis, load.rate),
        share=np.array(load.failing),
        weight=np.full(kpis, last_weight(spec)),
        deadline=seconds(spec.analysis.deadline),
    )
    return replace(terms, compare=compare)


def _tried(
    spec: CanaryReleaseSpec, terms: Terms, load: Load, candidate: Sequence[float], trials: Trials, progress: Progress
) -> Forecast:
    kpis, steps = len(terms.p0), Steps.of(spec)
    return forecast(
        steps.trial(spec, terms.rows(np.tile(np.arange(kpis), trials.runs)), kpis),
        weights=[(part.weight or part.mirror) / 100 for part in steps.parts],
        traffic=Traffic(rate=load.rate, candidate=candidate, stable=load.failing, pods=load.pods),
        seconds=_tick(spec, load),
        generator=np.random.default_rng(trials.seed),
        progress=progress,
    )


def _ends(found: Forecast, expected: Outcome) -> Ends:
    return Ends(
        promoted=found.share(Outcome.PROMOTE),
        aborted=found.share(Outcome.ABORT),
        median=found.within(expected, 0.5),
        most=found.within(expected, MOST),
    )


def _times(text: str) -> float:
    return float(text.rstrip("x%"))
