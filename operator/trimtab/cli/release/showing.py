"""Ways to show a release that changes: drawn anew on a terminal, a line or a JSON object for each change elsewhere."""

import json
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import Protocol

import click

from trimtab.cli.release.drawing import draw, in_effect
from trimtab.cli.release.picture import Picture

LASTING = timedelta(seconds=1)
AGAIN = timedelta(minutes=1)
_NUMBER = re.compile(r"\d[\d,.]*")
_DURATION = re.compile(r"\b(\d+[hms])+\b")


class Screen(Protocol):
    """Shows pictures. `tick`: seconds after which it wants to be asked again without a change, None: never."""

    tick: float | None

    def show(self, picture: Picture, now: datetime) -> None:
        """Shows what is new."""


class Live:
    """Draws over what it drew before."""

    tick: float | None = 1.0

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, picture: Picture, now: datetime) -> None:
        """See Screen. No more lines than the terminal has: what scrolls away cannot be drawn over."""
        lines = draw(picture, now)[: max(1, shutil.get_terminal_size().lines - 1)]
        back = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        click.echo(back, nl=False, color=True)
        click.echo("\n".join(lines))
        self._drawn = len(lines)


class Lines:
    """One line for each change that lasts a second; neither passing time nor a state on the way to another is one.

    Numbers in a message, such as counts, are told anew once a minute.
    """

    tick: float | None = 1.0

    def __init__(self) -> None:
        self._told: str | None = None
        self._counts = ""
        self._told_at = self._since = datetime.min.replace(tzinfo=UTC)
        self._seen = ""

    def show(self, picture: Picture, now: datetime) -> None:
        """See Screen. The first state and the last one are told at once."""
        line = summary_line(picture)
        head, colon, message = line.partition(": ")
        counts = _DURATION.sub("", message)
        what = head + colon + _NUMBER.sub("", counts)
        if what != self._seen:
            self._seen, self._since = what, now
        lasting = self._told is None or picture.outcome() is not None or now - self._since >= LASTING
        moved = counts != self._counts and now - self._told_at >= AGAIN
        if moved or (what != self._told and lasting):
            self._told, self._counts, self._told_at = what, counts, now
            click.echo(f"{now:%H:%M:%S} {line}")


class JsonLines:
    """One JSON object a line."""

    tick: float | None = None

    def __init__(self) -> None:
        self._last = ""

    def show(self, picture: Picture, now: datetime) -> None:
        """See Screen."""
        text = json.dumps(picture.summary(), separators=(",", ":"))
        if text != self._last:
            self._last = text
            click.echo(text)


def screen(output: str) -> Screen:
    """The way that `-o` names; `auto` draws on a terminal and writes lines elsewhere."""
    if output == "json":
        return JsonLines()
    return Live() if output == "auto" and sys.stdout.isatty() else Lines()


def summary_line(picture: Picture) -> str:
    """A release in one line; it may be long, since the message ends it."""
    status = picture.status
    parts = [picture.phase or "not looked at yet"]
    if status.get("position") and picture.moving:
        parts.append(f"step {status['position']}")
    if picture.moving and status.get("weight"):
        parts.append(f"weight {status['weight']} ({in_effect(picture):g}% in effect)")
    for target in picture.moving:
        before = target.get("stableVersion") or target.get("stable", "")
        parts.append(f"{target['name']} {before} -> {target.get('version') or target['candidate']}")
    message = picture.conditions.get("Ready", {}).get("message", "")
    return ", ".join(parts) + (f": {message}" if message else "")


def utc_now() -> datetime:
    """The time, for what is shown."""
    return datetime.now(UTC)
