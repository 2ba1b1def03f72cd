"""Every cell that is simulated, with what is promised of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.perf.verdicts.bars import Bar, What
from tests.perf.verdicts.scenario import RAMP, Scenario, Turn
from tests.perf.verdicts.traffic import Clusters, Failures, Traffic

from trimtab.domain.release.evidence.terms import Compare

Pool = Literal["good", "bad", "edge"]
Powers = Mapping[float, float | None]

ALL = (0.5, 1, 5, 20, 200, 2000)
HOURS = 3600.0

POOLED: Mapping[Pool, Bar] = {
    "good": Bar(what="abort", most=0.3),
    "bad": Bar(what="promote", most=0.5),
    "edge": Bar(what="promote", most=1.5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario; `peers`: its failures stay the same, so that the other tools' policies can be tried on it."""

    scenario: Scenario
    bars: tuple[Bar, ...]
    pool: Pool | None = None
    peers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the table: shares of bad requests in percent, bars for all rates, and those that depend on the rate."""

    name: str
    candidate: tuple[float, ...]
    stable: tuple[float, ...]
    rates: Sequence[float]
    errors: tuple[Bar, ...] = ()
    goal: What = "promote"
    powers: Powers | None = None
    medians: Powers | None = None
    pool: Pool | None = None
    clusters: Clusters | None = None
    settings: Mapping[str, Any] | None = None

    def cells(self) -> Iterator[Cell]:
        for rate in self.rates:
            yield Cell(scenario=self._scenario(rate), bars=self._bars(rate), pool=self.pool)

    def _scenario(self, rate: float) -> Scenario:
        candidate = Failures(first=tuple(percent / 100 for percent in self.candidate))
        stable = Failures(first=tuple(percent / 100 for percent in self.stable))
        traffic = Traffic(rate=rate, candidate=candidate, stable=stable, clusters=self.clusters)
        scenario = Scenario(name=f"{self.name}, R {rate:g}", traffic=traffic, minutes=240 if rate > 1 else 360)
        return replace(scenario, **(self.settings or {}))

    def _bars(self, rate: float) -> tuple[Bar, ...]:
        power, median = (self.powers or {}).get(rate), (self.medians or {}).get(rate)
        powers = () if power is None else (Bar(what=self.goal, least=power),)
        medians = () if median is None else (Bar(what=self.goal, minutes=median),)
        return self.errors + powers + medians


def odds(ratio: float, percent: float) -> float:
    """The percentage whose odds are `ratio` times those of `percent`."""
    odds = ratio * percent / (100 - percent)
    return 100 * odds / (1 + odds)


ABORT_1, PROMOTE_5 = Bar(what="abort", most=1), Bar(what="promote", most=5)
EDGES: Mapping[str, Any] = {"runs": 1000}
THREE: Mapping[str, Any] = {"weights": (0.1, 0.25, 0.5), "bakes": (60.0,) * 3, "tolerance": 3.0}
NINETY_NINE: Powers = {5: 99, 20: 99, 200: 99, 2000: 99}
GOOD: Mapping[str, Any] = {"errors": (ABORT_1,), "pool": "good"}
BAD: Mapping[str, Any] = {"errors": (PROMOTE_5,), "pool": "bad", "goal": "abort"}
EDGE: Mapping[str, Any] = {"errors": (PROMOTE_5,), "pool": "edge", "settings": EDGES, "rates": (5, 20, 200, 2000)}
QUICKLY: Powers = {5: 95, 20: 30, 200: 14, 2000: 12}


def _steady() -> Iterator[Case]:
    """Failures are independent and stay as they are."""
    promoted: Powers = {5: 97, 20: 99, 200: 99, 2000: 99}
    yield Case(
        name="good .5/.5",
        candidate=(0.5,),
        stable=(0.5,),
        rates=ALL,
        powers={1: 35, **promoted},
        medians=QUICKLY,
        **GOOD,
    )
    yield Case(name="good .1/.1", candidate=(0.1,), stable=(0.1,), rates=ALL, powers=promoted, medians=QUICKLY, **GOOD)
    yield Case(name="odds ratio 1.1", candidate=(odds(1.1, 0.5),), stable=(0.5,), rates=ALL, **GOOD)
    yield Case(
        name="odds ratio 1.25",
        candidate=(odds(1.25, 0.5),),
        stable=(0.5,),
        rates=ALL,
        powers={5: 78, 20: 97, 200: 99},
        medians={5: 170, 20: 52, 200: 16},
        **GOOD,
    )
    yield Case(name="good edge 1/.8", candidate=(1.0,), stable=(0.8,), rates=(5, 20, 200, 2000), settings=EDGES, **GOOD)
    yield Case(
        name="bad 1.5/.5",
        candidate=(1.5,),
        stable=(0.5,),
        rates=ALL,
        powers={1: 92, **NINETY_NINE},
        medians={1: 230, 5: 48, 20: 15, 200: 4.5, 2000: 3.5},
        **BAD,
    )
    yield Case(
        name="bad 2/.5",
        candidate=(2.0,),
        stable=(0.5,),
        rates=ALL,
        powers={0.5: 88, 1: 98, **NINETY_NINE},
        medians={0.5: 310, 1: 150, 5: 31, 20: 9.5, 200: 3.5, 2000: 3},
        **BAD,
    )
    yield Case(
        name="bad 5/.5",
        candidate=(5.0,),
        stable=(0.5,),
        rates=ALL,
        powers={0.5: 99, 1: 99, **NINETY_NINE},
        medians={0.5: 125, 1: 65, 5: 14, 20: 4.5, 200: 1.5, 2000: 1.2},
        **BAD,
    )
    yield Case(
        name="relative-bad .8/.3",
        candidate=(0.8,),
        stable=(0.3,),
        rates=ALL,
        powers={1: 42, 5: 97, 20: 99, 200: 99, 2000: 99},
        medians={5: 95, 20: 28, 200: 6.5, 2000: 4.5},
        **BAD,
    )
    yield Case(name="bad edge 1/.6", candidate=(1.0,), stable=(0.6,), **EDGE)
    yield Case(name="bad edge, odds ratio 2", candidate=(odds(2, 0.4),), stable=(0.4,), **EDGE)
    yield Case(name="bad edge, floor .25/.05", candidate=(0.25,), stable=(0.05,), **EDGE)


def _settings() -> Iterator[Case]:
    """Other settings, shared incidents, a broken stable, two KPIs."""
    yield Case(
        name="good .5/.5, compareTo SLO",
        candidate=(0.5,),
        stable=(0.5,),
        rates=(1, 5, 20),
        errors=(ABORT_1,),
        powers={1: 93, 5: 98, 20: 99},
        medians={1: 240, 5: 50, 20: 20},
        settings={"compare": Compare.SLO},
    )
    yield Case(
        name="good .5/.5, 3 steps, tolerance 3x",
        candidate=(0.5,),
        stable=(0.5,),
        rates=(1, 2),
        errors=(ABORT_1,),
        powers={1: 90, 2: 97},
        medians={1: 220, 2: 105},
        settings=THREE,
    )
    held = (ABORT_1, Bar(what="promote", most=1), Bar(what="held", least=98))
    yield Case(name="shared incident 3/3", candidate=(3.0,), stable=(3.0,), rates=ALL, errors=held)
    yield Case(
        name="stable broken, fix .3/3",
        candidate=(0.3,),
        stable=(3.0,),
        rates=ALL,
        errors=(ABORT_1,),
        powers={0.5: 85, 1: 97, **NINETY_NINE},
        medians={0.5: 320, 1: 165, 5: 38, 20: 16, 200: 12, 2000: 12},
    )
    rates = (5, 20, 200)
    yield Case(
        name="two KPIs, both good",
        candidate=(0.5, 0.5),
        stable=(0.5, 0.5),
        rates=rates,
        errors=(ABORT_1,),
        powers=dict.fromkeys(rates, 97),
        medians={5: 135, 20: 40, 200: 15},
    )
    yield Case(
        name="two KPIs, one bad 2/.5",
        candidate=(0.5, 2.0),
        stable=(0.5, 0.5),
        rates=rates,
        errors=(PROMOTE_5,),
        goal="abort",
        powers=dict.fromkeys(rates, 99),
        medians={5: 33, 20: 10.5, 200: 3.5},
    )


def _apart() -> Iterator[Case]:
    """What the rows above leave out."""
    for name, candidate, stable, settings in (
        ("compareTo Stable", 0.9, 0.9, {"compare": Compare.STABLE}),
        ("cookie affinity", 0.5, 0.5, {"least_dispersion": 4.0}),
        ("30 % of ticks without data", 0.5, 0.5, {"missing": 0.3}),
    ):
        yield Case(
            name=f"good {candidate:g}/{stable:g}, {name}".replace("0.", "."),
            candidate=(candidate,),
            stable=(stable,),
            rates=(20, 200),
            errors=(ABORT_1, Bar(what="promote", least=95)),
            settings=settings,
        )
        yield Case(
            name=f"bad .8/.3, {name}",
            candidate=(0.8,),
            stable=(0.3,),
            rates=(20, 200),
            errors=(PROMOTE_5, Bar(what="abort", least=95)),
            settings=settings,
        )


def _clusters() -> Iterator[Case]:
    """Failures that come together."""
    for variation in (1, 2):
        of_pods = Clusters(of="pod", variation=variation)
        yield Case(
            name=f"clusters per pod, CV {variation}, good .5/.5",
            candidate=(0.5,),
            stable=(0.5,),
            rates=(5, 20, 200, 2000),
            errors=(ABORT_1,),
            powers={5: 96, 20: 98, 200: 98, 2000: 98},
            medians={5: 95, 20: 36, 200: 21, 2000: 19},
            clusters=of_pods,
        )
        yield Case(
            name=f"clusters per pod, CV {variation}, bad 2/.5",
            candidate=(2.0,),
            stable=(0.5,),
            rates=(1, 5, 20, 200, 2000),
            errors=(PROMOTE_5,),
            goal="abort",
            powers=dict.fromkeys((1, 5, 20, 200, 2000), 98),
            medians={1: 150, 5: 32, 20: 11.5, 200: 5, 2000: 4},
            clusters=of_pods,
        )
        yield Case(
            name=f"clusters per arm, CV {variation}, good .5/.5",
            candidate=(0.5,),
            stable=(0.5,),
            rates=(20, 200, 2000),
            errors=(Bar(what="abort", most=1 if variation == 1 else 9),),
            clusters=Clusters(of="arm", variation=variation),
        )


TURNS = "at 25 %, 3 %"
"""Cells whose failures change while a release is held, from the start or after long; both shall be seen as soon."""


def _turning(
    name: str, rate: float, *, candidate: Failures, stable: Failures, turn: Turn, bars: tuple[Bar, ...], **settings: Any
) -> Cell:
    traffic = Traffic(rate=rate, candidate=candidate, stable=stable)
    scenario = Scenario(name=f"{name}, R {rate:g}", traffic=traffic, turn=turn, **settings)
    return Cell(scenario=scenario, bars=bars, peers=False)


def _late() -> Iterator[Cell]:
    """Failures that change while the release is held at 25 %."""
    worse, calm = Failures(first=(0.003,), later=(0.03,)), Failures(first=(0.003,))
    for name, hours in (("from the start", 0.0), ("after 8.5 h", 8.5)):
        turn, minutes = Turn(after=hours * HOURS), hours * 60 + 60
        held: dict[str, Any] = {"weights": (0.25,), "bakes": (1e9,), "minutes": minutes, "turn": turn}
        late = (
            Bar(what="abort", most=1, before=hours * 60),
            Bar(what="abort", least=100),
            Bar(what="abort", minutes=hours * 60 + 4),
        )
        yield _turning(f"{TURNS} {name}", 20, candidate=worse, stable=calm, bars=late, **held)
    shared = (ABORT_1, Bar(what="promote", most=1), Bar(what="held", least=98))
    held |= {"minutes": 8.5 * 60 + 240}
    yield _turning("at 25 %, shared 3/3 after 8.5 h", 20, candidate=worse, stable=worse, bars=shared, **held)


def _after_incident() -> Iterator[Cell]:
    """Both revisions fail for 10 minutes; then stable is well again."""
    stable, turn = Failures(first=(0.03,), later=(0.005,)), Turn(after=600)
    for rate in (5, 20, 200):
        for later, bars in (
            (0.005, (ABORT_1, Bar(what="promote", least=95))),
            (0.02, (PROMOTE_5, Bar(what="abort", least=95))),
        ):
            candidate = Failures(first=(0.03,), later=(later,))
            name = f"shared 3/3 for 10 min, then {100 * later:g}/.5".replace("0.", ".")
            yield _turning(name, rate, candidate=candidate, stable=stable, turn=turn, bars=bars)


MARGIN = 120.0
"""Seconds between a turn in a long last step, and its end: before any rule has seen the turn, it promotes rightly."""


def _last_step() -> Iterator[Cell]:
    """Failures that begin when all but the last step has passed."""
    turns, calm, minute = Failures(first=(0.005,), later=(0.02,)), Failures(first=(0.005,)), (60.0,)
    settings: dict[str, Any] = {"candidate": turns, "stable": calm, "bars": (PROMOTE_5,)}
    at_once = Turn(after=0, last_step=True)
    for rate in (1, 5, 20):
        minutes = 240 if rate > 1 else 360
        yield _turning("turns 2 % at the last step", rate, turn=at_once, minutes=minutes, **settings)
    hour = minute * 8 + (3600.0,) + minute
    for rate in (5, 20):
        yield _turning("turns 2 % at the last step after 1 h at 45 %", rate, turn=at_once, bakes=hour, **settings)
    held = minute * (len(RAMP) - 1) + (7200.0 + MARGIN,)
    in_it = Turn(after=7200, last_step=True)
    yield _turning("turns 2 % after 2 h of the last step", 20, turn=in_it, bakes=held, **settings)


def cells() -> tuple[Cell, ...]:
    """All of them, as they are printed."""
    steady = [cell for case in (*_steady(), *_settings(), *_apart(), *_clusters()) for cell in case.cells()]
    return (*steady, *_late(), *_after_incident(), *_last_step())
