"""What to expect of releases, as lines and as JSON."""

import math
import textwrap
from collections.abc import Iterator
from typing import Any

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release.loads import Load
from trimtab.cli.release.prospects import Ends, Prospect
from trimtab.cli.release.terms import counting
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.evidence.terms import Compare
from trimtab.domain.release.judging.opinions import success_rate

WIDTH = 80
_MEASURES = {Compare.SLO: "SLO", Compare.STABLE: "Stable", Compare.BOTH: "Both"}


def plan_lines(spec: CanaryReleaseSpec, load: Load, now: Prospect, others: list[Prospect]) -> Iterator[str]:
    """At most 80 columns wide, but for settings that are longer."""
    kpis = counting(spec)
    yield f"traffic   {load.rate:.3g} requests/s, {load.origin}"
    for kpi, failing in zip(kpis, load.failing, strict=True):
        yield f"          {kpi.name}: {failing:.3%} fail now, {success_rate(kpi)} must succeed"
    yield f"compared  to {_MEASURES[now.compare]}, within {spec.analysis.deadline}"
    yield ""
    yield f"{'a new version that':36}  {'half within':>11}  {'90% within':>10}  {'undecided':>9}"
    yield _row("fails like the stable one: promoted", now.good)
    yield _row(f"fails {_worse(spec)} of {kpis[0].name}: aborted", now.bad)
    yield from _warnings(spec, load, now)
    yield ""
    if not others:
        yield "No setting that was tried would decide clearly sooner."
        return
    yield f"{'what would decide sooner':36}  {'promoted':>11}  {'aborted':>10}  {'undecided':>9}"
    for other in others:
        *before, last = _named(other.changes)
        yield from before
        times = f"{_time(other.good.median):>11}  {_time(other.bad.median):>10}"
        yield f"{last:36}  {times}  {max(other.good.undecided, other.bad.undecided):>9.0%}"


def summary(spec: CanaryReleaseSpec, load: Load, now: Prospect, others: list[Prospect]) -> dict[str, Any]:
    """The same for scripts; times in seconds, null where fewer releases end so."""
    return {
        "traffic": {
            "requestsPerSecond": load.rate,
            "failing": dict(zip((kpi.name for kpi in counting(spec)), load.failing, strict=True)),
            "origin": load.origin,
        },
        **_told(now),
        "sooner": [_told(other) for other in others],
    }


def _told(each: Prospect) -> dict[str, Any]:
    return {
        "settings": list(each.changes),
        "compareTo": _MEASURES[each.compare],
        "good": _ends(each.good),
        "bad": _ends(each.bad),
    }


def _ends(ends: Ends) -> dict[str, float | None]:
    return {
        "promoted": ends.promoted,
        "aborted": ends.aborted,
        "undecided": round(ends.undecided, 6),
        "median": ends.median if math.isfinite(ends.median) else None,
        "ninetyPercent": ends.most if math.isfinite(ends.most) else None,
    }


def _row(label: str, ends: Ends) -> str:
    return f"{label:36}  {_time(ends.median):>11}  {_time(ends.most):>10}  {ends.undecided:>9.0%}"


def _worse(spec: CanaryReleaseSpec) -> str:
    share = success_rate(counting(spec)[0])
    return f"{2 * (100 - float(share.rstrip('%'))):.3g}%"


def _warnings(spec: CanaryReleaseSpec, load: Load, now: Prospect) -> Iterator[str]:
    for kpi, failing in zip(counting(spec), load.failing, strict=True):
        allowed = 1 - float(success_rate(kpi).rstrip("%")) / 100
        if failing >= allowed:
            yield from _wrapped(
                f"The stable version breaches {kpi.name} itself. A release is held (EnvironmentUnhealthy) unless the "
                "new version is clearly within the bound: a fix goes out, anything else waits."
            )
    if now.good.promoted + now.good.aborted < 0.5:
        yield from _wrapped(
            f"Most good versions are undecided at the deadline, and then onInconclusive: "
            f"{spec.analysis.on_inconclusive} decides."
        )


def _named(changes: tuple[str, ...]) -> list[str]:
    """A line for each change."""
    return [_short(change) for change in changes]


def _short(change: str) -> str:
    return "steps 10%, 25%, 50%" if change.startswith("strategy=") else change


def _time(seconds: float) -> str:
    return f"{spoken(60 * math.ceil(seconds / 60))}" if math.isfinite(seconds) else "never"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)
