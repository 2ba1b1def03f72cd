"""Error rates over traffic, of three tools, as SVG."""

from collections.abc import Mapping, Sequence
from math import log10

WIDTH, HEIGHT, LEFT, TOP = 300, 200, 60, 40
COLOURS = {"Trimtab": "#0b6e4f", "Flagger": "#c44536", "Argo": "#3a5ba0"}

Line = Sequence[tuple[float, float]]
"""(requests a second, share)."""


def drawn(panels: Mapping[str, Mapping[str, Line]]) -> str:
    """One panel beside the other, each with a title and one line for each tool."""
    parts = [_panel(title, lines, number) for number, (title, lines) in enumerate(panels.items())]
    width = len(panels) * (WIDTH + LEFT) + 30
    legend = "".join(
        f'<text x="{LEFT + 90 * number}" y="{TOP + HEIGHT + 55}" fill="{colour}">&#9679; {name}</text>'
        for number, (name, colour) in enumerate(COLOURS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + HEIGHT + 70}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}{legend}</svg>\n"
    )


def _panel(title: str, lines: Mapping[str, Line], number: int) -> str:
    rates = sorted({rate for line in lines.values() for rate, _ in line})
    low, high = log10(rates[0]), log10(rates[-1])

    def x(rate: float) -> float:
        return round(LEFT + number * (WIDTH + LEFT) + (log10(rate) - low) / (high - low) * WIDTH, 1)

    def y(share: float) -> float:
        return round(TOP + HEIGHT * (1 - share), 1)

    begin, end = x(rates[0]), x(rates[-1])
    grid = "".join(
        f'<line x1="{begin}" y1="{y(share)}" x2="{end}" y2="{y(share)}" stroke="#ddd"/>'
        f'<text x="{begin - 8}" y="{y(share) + 4}" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    marks = "".join(
        f'<text x="{x(rate)}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{rate:g}</text>' for rate in rates
    )
    axis = f'<text x="{(begin + end) / 2}" y="{TOP + HEIGHT + 35}" text-anchor="middle">requests a second</text>'
    curves = "".join(
        f'<polyline fill="none" stroke="{COLOURS[name]}" stroke-width="2" '
        f'points="{" ".join(f"{x(rate)},{y(share)}" for rate, share in line)}"/>'
        + "".join(f'<circle cx="{x(r)}" cy="{y(share)}" r="3" fill="{COLOURS[name]}"/>' for r, share in line)
        for name, line in lines.items()
    )
    return f'<text x="{begin}" y="{TOP - 15}" font-weight="bold">{title}</text>{grid}{marks}{axis}{curves}'
