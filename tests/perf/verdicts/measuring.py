"""All cells, by Trimtab's rule and by its peers' policies, on two processors at most."""

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from tests.perf.verdicts.bars import Bar, Share, pooled, share
from tests.perf.verdicts.cells import POOLED, Cell, Pool
from tests.perf.verdicts.peers import ARGO, FLAGGER, Argo, Flagger
from tests.perf.verdicts.scenario import Ends, released

PEERS: tuple[Flagger | Argo, ...] = (FLAGGER, ARGO)
PROCESSES = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How releases of one cell ended: `peers` in the order of PEERS, empty where they cannot be compared."""

    cell: Cell
    ends: Ends
    peers: tuple[Ends, ...]

    def beside(self, bar: Bar) -> str:
        """What the peers reached, for people; empty for medians."""
        shares = [share(ends, bar.what) for ends in self.peers] if bar.minutes is None else []
        said = [f"{peer.name} {each.count / each.runs:.1%}" for peer, each in zip(PEERS, shares, strict=False)]
        return ", ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One bar: what it is about, what was measured, what the peers reached, the bar, and whether it holds."""

    what: str
    measured: str
    beside: str
    bar: Bar
    holds: bool


def measured(cells: Sequence[Cell]) -> Iterator[Measured]:
    """All cells, as they come to their end; those that take longest begin first."""
    order = sorted(cells, key=lambda cell: (-cell.scenario.minutes, cell.scenario.traffic.rate))
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(measure, order)


def measure(cell: Cell) -> Measured:
    """One cell."""
    peers = tuple(peer.released(cell.scenario) for peer in PEERS) if cell.peers else ()
    return Measured(cell=cell, ends=released(cell.scenario), peers=peers)


def lines(results: Sequence[Measured]) -> Iterator[Line]:
    """Every bar of every cell, then those of pools of cells."""
    for each in results:
        for bar in each.cell.bars:
            yield Line(
                what=each.cell.scenario.name,
                measured=bar.measured(each.ends),
                beside=each.beside(bar),
                bar=bar,
                holds=bar.holds(each.ends),
            )
    for pool, bar in POOLED.items():
        if any(each.cell.pool == pool for each in results):
            yield _pooled(results, pool, bar)


def _pooled(results: Sequence[Measured], pool: Pool, bar: Bar) -> Line:
    ours = _share(results, pool, bar)
    return Line(what=f"all of {pool}", measured=str(ours), beside="", bar=bar, holds=bar.allows(ours))


def _share(results: Sequence[Measured], pool: Pool, bar: Bar) -> Share:
    return pooled((each.ends for each in results if each.cell.pool == pool), bar.what)


def fewer(cell: Cell, runs: int) -> Cell:
    """The same with fewer runs."""
    return replace(cell, scenario=replace(cell.scenario, runs=runs))


def in_order(results: Iterable[Measured], chosen: Sequence[Cell]) -> list[Measured]:
    """As the cells were given."""
    place = {cell.scenario.name: number for number, cell in enumerate(chosen)}
    return sorted(results, key=lambda each: place[each.cell.scenario.name])
