"""Figures of one test run, printed as a table at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


@dataclass(slots=True)
class Figures:
    """Rows of (what, measured, beside, aim), in the order in which they came."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, measured: str, beside: str = "", aim: str = "") -> None:
        """`beside` is what something else reached in the same run; `aim` what the design asks for."""
        self.rows.append((what, measured, beside, aim))

    def table(self) -> list[str]:
        """A Markdown table, its columns aligned for reading on a terminal."""
        head = ("what", "measured", "beside it, in the same run", "aim")
        widths = [max(len(row[i]) for row in (head, *self.rows)) for i in range(4)]
        rule = tuple("-" * width for width in widths)
        return [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in (head, rule, *self.rows)
        ]


def ms(seconds: float) -> str:
    """Milliseconds, for people."""
    return f"{seconds * 1000:.0f} ms"
