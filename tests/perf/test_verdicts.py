"""How often verdicts are wrong, and how long they take: every bar that docs/reference/verdicts.md states."""

import pytest
from tests.perf.verdicts.cells import cells
from tests.perf.verdicts.measuring import Line, fewer, lines, measured
from tests.support.figures import Figures

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
def found(full: bool, figures: Figures) -> list[Line]:
    every = cells()
    chosen = every if full else [fewer(cell, QUICK_RUNS) for cell in every if cell.scenario.name in QUICK]
    assert full or len(chosen) == len(QUICK)
    place = {cell.scenario.name: number for number, cell in enumerate(chosen)}
    results = sorted(measured(chosen), key=lambda each: place[each.cell.scenario.name])
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
