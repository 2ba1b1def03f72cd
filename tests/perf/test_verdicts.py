"""How often verdicts are wrong, and how long they take: every bar that docs/reference/verdicts.md states."""

import pytest
from tests.perf.verdicts.bars import percent, share
from tests.perf.verdicts.cells import TURNS, cells
from tests.perf.verdicts.measuring import Line, Measured, fewer, in_order, lines, measured
from tests.perf.verdicts.peers import (
    ARGO,
    ARGO_DEFAULT,
    ARGO_LIMIT,
    FLAGGER,
    FLAGGER_DEFAULT,
    FLAGGER_SHORT,
    Argo,
    Flagger,
)
from tests.perf.verdicts.scenario import MINUTE, Scenario
from tests.perf.verdicts.traffic import Failures, Traffic
from tests.support.figures import Figures

from trimtab.domain.release.evidence.trial import Outcome

QUICK = frozenset(
    {
        "good .5/.5, R 20",
        "good .5/.5, R 2000",
        "bad 2/.5, R 5",
        "bad 2/.5, R 200",
        "relative-bad .8/.3, R 20",
        "bad edge 1/.6, R 200",
        "stable broken, fix .3/3, R 20",
        "two KPIs, one bad 2/.5, R 20",
        "clusters per pod, CV 2, bad 2/.5, R 20",
        "clusters per pod, CV 2, good .5/.5, R 200",
        "turns 2 % at the last step, R 20",
    }
)
QUICK_RUNS = 100


@pytest.fixture(scope="module")
def results(full: bool) -> list[Measured]:
    every = cells()
    chosen = every if full else [fewer(cell, QUICK_RUNS) for cell in every if cell.scenario.name in QUICK]
    assert full or len(chosen) == len(QUICK)
    return in_order(measured(chosen), chosen)


@pytest.fixture(scope="module")
def found(results: list[Measured], figures: Figures) -> list[Line]:
    found = list(lines(results))
    for line in found:
        figures.add(line.what, f"{line.measured}{'' if line.holds else ' FAILED'}", line.beside, str(line.bar))
    return found


def test_errors_are_as_rare_as_stated(found: list[Line]) -> None:
    assert [line for line in found if line.bar.most is not None and not line.holds] == []


def test_verdicts_are_reached_as_often_as_stated(found: list[Line]) -> None:
    assert [line for line in found if line.bar.least is not None and not line.holds] == []


def test_verdicts_come_as_soon_as_stated(found: list[Line]) -> None:
    assert [line for line in found if line.bar.minutes is not None and not line.holds] == []


def test_what_comes_late_is_seen_nearly_as_soon(full: bool, results: list[Measured]) -> None:
    if not full:
        pytest.skip("3,000 ticks of calm take long: only at full size")
    turning = [each for each in results if each.cell.scenario.name.startswith(TURNS)]
    fresh, late = sorted(turning, key=lambda each: each.cell.scenario.minutes)
    turned = late.cell.scenario.turn
    assert turned is not None
    assert late.ends.median(Outcome.ABORT) - turned.after / MINUTE <= 2 * fresh.ends.median(Outcome.ABORT)


EXACT = (
    (FLAGGER, 0.5, (1.3, 92, 84, 58, 13)),
    (FLAGGER, 1, (0.2, 76, 46, 8, 0)),
    (FLAGGER, 5, (12, 0.1, 0, 0, 0)),
    (FLAGGER, 10, (6.9, 0, 0, 0, 0)),
    (FLAGGER_SHORT, 1, (0.1, 95, 88, 66, 25)),
    (FLAGGER_SHORT, 5, (2.6, 29, 8, 0.3, 0)),
    (FLAGGER_DEFAULT, 5, (89, 0, 0, 0, 0)),
    (ARGO_DEFAULT, 1, (80, 0, 0, 0, 0)),
    (ARGO_LIMIT, 1, (3.8, 11, 1.4, 0, 0)),
    (ARGO, 1, (0, 99, 98, 94, 78)),
    (ARGO, 5, (2.9, 57, 35, 11, 0.7)),
)
"""Computed from the policies by dynamic programming: percent of good releases (.5 %) that are aborted, and of those
with 1.5, 2, 3 and 5 % that are promoted, with an SLO of 99 %."""


@pytest.mark.parametrize(("peer", "rate", "exact"), EXACT, ids=lambda value: getattr(value, "name", None))
def test_peers_err_as_often_as_computed_from_their_policies(
    peer: Flagger | Argo, rate: float, exact: tuple[float, ...]
) -> None:
    for percentage, expected in zip((0.5, 1.5, 2, 3, 5), exact, strict=True):
        traffic = Traffic(rate=rate, candidate=Failures(first=(percentage / 100,)), stable=Failures(first=(0.005,)))
        ends = peer.released(Scenario(name=f"peers {percentage} {rate}", traffic=traffic, runs=1000))
        measured = share(ends, "abort" if percentage == 0.5 else "promote")
        low, high = measured.interval
        rounding = 0.015
        assert low - rounding <= expected / 100 <= high + rounding, f"{percentage} %: {percent(measured.count / 1000)}"
