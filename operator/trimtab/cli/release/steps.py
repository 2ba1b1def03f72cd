"""The steps of a release as one line: those passed, the one under way, those to come."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from trimtab.cli.release.picture import Picture
from trimtab.domain.release.stages import Stage

FINAL = ("Promoting", "Watching", "Retiring")
OVER = "Promoted"
BACK = "Aborting"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    mark: str
    text: str
    colour: str = ""

    @property
    def width(self) -> int:
        return len(self.mark) + len(self.text) + 3

    def draw(self, *, bold: bool) -> str:
        return click.style(f"{self.mark} {self.text}", fg=self.colour or None, bold=bold)


def steps_line(picture: Picture, width: int) -> Iterator[str]:
    """At most one line of `width` columns; of many steps, those around the one under way."""
    stages = picture.stages()
    if not stages or not (picture.moving or picture.phase == OVER):
        return
    labels = [label(stage) for stage in stages]
    if stages[-1].weight < 100:
        labels.append("100%")
    at = _position(picture, len(labels))
    yield _drawn([_step(picture, index, at, text) for index, text in enumerate(labels)], at, width)


def label(stage: Stage) -> str:
    """What a stage gives the new revision."""
    if stage.matched:
        return "matching"
    if stage.mirror:
        return f"mirror {stage.mirror}%"
    return f"{stage.weight}%{' approval' if stage.approval else ''}" if stage.weight else "preview"


def _position(picture: Picture, count: int) -> int:
    """The index of the step under way; -1 before the first, `count` if all are passed."""
    if picture.phase == OVER:
        return count
    if picture.phase in FINAL:
        return count - 1
    return min(int(picture.status.get("step") or 0), count) - 1


def _step(picture: Picture, index: int, at: int, text: str) -> _Step:
    if index < at:
        return _Step(mark="✔", text=text, colour="green")
    if index > at:
        return _Step(mark="·", text=text)
    mark, colour = ("✘", "red") if picture.phase == BACK else ("▶", "yellow")
    return _Step(mark=mark, text=text, colour=colour)


def _drawn(steps: list[_Step], at: int, width: int) -> str:
    first, last = 0, len(steps)
    while sum(step.width for step in steps[first:last]) + 2 * (first > 0) + 2 * (last < len(steps)) > width + 2:
        if at - first > last - 1 - at:
            first += 1
        else:
            last -= 1
    shown = [step.draw(bold=first + number == at) for number, step in enumerate(steps[first:last])]
    return "  ".join([*(["…"] if first else []), *shown, *(["…"] if last < len(steps) else [])])
