"""Measures every bar, and writes table and plot into docs/reference: python -m tests.perf.verdicts."""

import sys
from pathlib import Path

from tests.perf.verdicts.cells import cells
from tests.perf.verdicts.measuring import in_order, lines, measured
from tests.perf.verdicts.page import plotted, written

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def main() -> int:
    """0 if every bar holds."""
    chosen = cells()
    results = []
    for each in measured(chosen):
        results.append(each)
        print(f"{len(results)} of {len(chosen)}: {each.cell.scenario.name}", flush=True)
    results = in_order(results, chosen)
    page = REFERENCE / "verdicts.md"
    page.write_text(written(page.read_text(), results))
    (REFERENCE / "verdicts.svg").write_text(plotted(results))
    failed = [line for line in lines(results) if not line.holds]
    for line in failed:
        print(f"FAILED {line.what}: {line.bar}: {line.measured}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
