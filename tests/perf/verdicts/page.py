"""The measured part of docs/reference/verdicts.md: a row for each cell, and the plot beside it."""

from collections.abc import Iterator, Sequence

from tests.perf.verdicts.bars import pooled, share, spoken
from tests.perf.verdicts.cells import POOLED
from tests.perf.verdicts.measuring import PEERS, Measured
from tests.perf.verdicts.plot import drawn
from tests.perf.verdicts.scenario import Ends

from trimtab.domain.release.evidence.trial import Outcome

BEGIN, END = "<!-- measured: python -m tests.perf.verdicts -->", "<!-- end of what was measured -->"
HEAD = ("failures, candidate/stable %", "runs", "aborted", "promoted", "half within", "promised", "kept")

_PANELS = {
    "Good versions aborted (.5 % fail, 1 % allowed)": ("good .5/.5", Outcome.ABORT),
    "Bad versions promoted (2 % fail, 1 % allowed)": ("bad 2/.5", Outcome.PROMOTE),
    "As bad, relative to stable (.8/.3), promoted": ("relative-bad .8/.3", Outcome.PROMOTE),
}


def written(page: str, results: Sequence[Measured]) -> str:
    """The page with what was measured in place of what it had there."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{chr(10).join(_table(results))}\n\n{END}{after}"


def plotted(results: Sequence[Measured]) -> str:
    """Error rates over traffic, as SVG."""
    return drawn({title: _curves(results, case, outcome) for title, (case, outcome) in _PANELS.items()})


def _table(results: Sequence[Measured]) -> Iterator[str]:
    head = (*HEAD, *(f"{peer.name}: aborted / promoted" for peer in PEERS))
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for each in results:
        yield f"| {' | '.join(_row(each))} |"
    for pool, bar in POOLED.items():
        ours = pooled((each.ends for each in results if each.cell.pool == pool), bar.what)
        columns = (str(ours), "", "") if bar.what == "abort" else ("", str(ours), "")
        row = (f"all {pool} cells", f"{ours.runs:,}", *columns, str(bar), _kept(bar.allows(ours)), *("" for _ in PEERS))
        yield f"| {' | '.join(row)} |"


def _row(each: Measured) -> tuple[str, ...]:
    ends, bars = each.ends, each.cell.bars
    goal = Outcome.ABORT if ends.count(Outcome.ABORT) > ends.count(Outcome.PROMOTE) else Outcome.PROMOTE
    return (
        each.cell.scenario.name,
        f"{len(ends.outcomes):,}",
        str(share(ends, "abort")),
        str(share(ends, "promote")),
        spoken(ends.median(goal)),
        "; ".join(str(bar) for bar in bars),
        _kept(all(bar.holds(ends) for bar in bars)),
        *(_of_peer(peer) for peer in each.peers or [None] * len(PEERS)),
    )


def _kept(holds: bool) -> str:
    return "yes" if holds else "**no**"


def _of_peer(ends: Ends | None) -> str:
    if ends is None:
        return ""
    return " / ".join(f"{share(ends, what).count / len(ends.outcomes):.1%}" for what in ("abort", "promote"))


def _curves(results: Sequence[Measured], case: str, outcome: Outcome) -> dict[str, list[tuple[float, float]]]:
    curves: dict[str, list[tuple[float, float]]] = {name: [] for name in ("Trimtab", *(peer.name for peer in PEERS))}
    for each in results:
        traffic = each.cell.scenario.traffic
        if each.cell.scenario.name == f"{case}, R {traffic.rate:g}":
            for name, ends in zip(curves, (each.ends, *each.peers), strict=True):
                curves[name].append((traffic.rate, ends.count(outcome) / len(ends.outcomes)))
    return curves
