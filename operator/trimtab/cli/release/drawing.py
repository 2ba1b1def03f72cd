"""A release as lines of at most 80 columns; the same whether they are in colour or not."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from trimtab.cli.release.advice import advice
from trimtab.cli.release.kpis import kpi_lines
from trimtab.cli.release.picture import Picture
from trimtab.cli.release.steps import steps_line
from trimtab.domain.objects import Object
from trimtab.domain.release.durations import seconds, spoken

WIDTH = 80
MARGIN = 9
BAR = 40

GOOD = frozenset({"Idle", "Promoted"})
BAD = frozenset({"Aborting", "Aborted", "Stalled"})


def draw(picture: Picture, now: datetime) -> list[str]:
    """The whole picture, a headline first."""
    return [
        _headline(picture),
        *_labelled("", [picture.conditions.get("Ready", {}).get("message", "")]),
        *_labelled("steps", steps_line(picture, WIDTH - MARGIN)),
        *_labelled("weight", _weight(picture)),
        *_labelled("bake", _bake(picture, now)),
        *_labelled("ends", _eta(picture, now)),
        *_table(picture),
        *_labelled(
            "pods", (f"{target['name']}: {target['message']}" for target in picture.moving if target.get("message"))
        ),
        *_labelled("kpis", (line for each in picture.status.get("kpis") or () for line in kpi_lines(each))),
        *_labelled("waits", (_blocker(each, now) for each in picture.status.get("waitingFor") or ())),
        *_labelled("state", _conditions(picture)),
        *_labelled("verb", _verb(picture)),
        *_labelled("next", advice(picture)),
    ]


def phase_colour(phase: str) -> str:
    """Green for what is fine, red for what is not, yellow for what is under way."""
    return "green" if phase in GOOD else "red" if phase in BAD else "yellow"


def share(text: str) -> float:
    """The number of a percentage in a status; 0 for none."""
    return float(text.rstrip("%") or 0)


def in_effect(picture: Picture) -> float:
    """The least share that any service's new revision has now, in percent."""
    return min((share_of(picture, target) for target in picture.moving), default=0.0)


def share_of(picture: Picture, target: Object) -> float:
    """The share that a new revision has, in percent: the Microservice says what it has carried out."""
    return share(picture.echo(target["name"]).get("weight", "")) if target.get("candidate") else 0.0


def moment(text: str) -> datetime:
    """A timestamp of a status."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def _headline(picture: Picture) -> str:
    phase = picture.phase or "not looked at yet"
    parts = [
        click.style(f"{picture.namespace}/{picture.name}", bold=True),
        click.style(phase, fg=phase_colour(phase), bold=True),
        f"step {picture.status['position']}" if picture.status.get("position") else "",
        f"release {picture.status['releaseID']}" if picture.status.get("releaseID") else "",
    ]
    return "  ".join(part for part in parts if part)


def _weight(picture: Picture) -> Iterator[str]:
    """What is in effect, what is wanted beyond that, and the rest, which stable has."""
    wanted, now = share(picture.status.get("weight", "")), in_effect(picture)
    if not picture.moving or not (wanted or now):
        return
    full, more = round(BAR * now / 100), round(BAR * max(wanted, now) / 100)
    bar = click.style("█" * full, fg="green") + click.style("▒" * (more - full), fg="yellow") + "░" * (BAR - more)
    yield f"{bar}  {wanted:g}% wanted, {now:g}% in effect"


def _bake(picture: Picture, now: datetime) -> Iterator[str]:
    """How far the bake of the step is, or the watch after the last one."""
    state, stages = picture.state(), picture.stages()
    if state is None or not picture.moving:
        return
    if picture.phase == "Watching":
        yield _progress(state.watched, state.at, _watch(picture), now)
    elif picture.phase in ("Progressing", "Held", "Paused", "AwaitingApproval") and state.stage < len(stages):
        wanted = stages[state.stage].bake
        running = picture.phase == "Progressing" and state.bake > 0
        if wanted:
            yield _progress(state.bake, state.at if running else 0.0, wanted, now)


def _progress(done: float, counted: float, wanted: float, now: datetime) -> str:
    """`counted`: the unix time up to which `done` counts, 0 if the clock stands still."""
    since = min(max(0.0, now.timestamp() - counted), 30.0) if counted else 0.0
    reached = min(done + since, wanted)
    full = round(BAR * reached / wanted) if wanted else BAR
    return f"{click.style('█' * full, fg='green')}{'░' * (BAR - full)}  {spoken(reached)} of {spoken(wanted)}"


def _watch(picture: Picture) -> float:
    return seconds(str(picture.release["spec"].get("watch", "0s")))


def _eta(picture: Picture, now: datetime) -> Iterator[str]:
    eta = picture.status.get("eta")
    if eta and picture.moving:
        left = (moment(eta) - now).total_seconds()
        yield f"{moment(eta):%H:%M} UTC at the earliest, in {spoken(left)}"


def _table(picture: Picture) -> Iterator[str]:
    """Both revisions of each service."""
    rows = [row for target in picture.targets for row in _rows(picture, target)]
    if not rows:
        return
    head = ("service", "revision", "version", "role", "pods", "traffic")
    widths = [min(max(len(row[i]) for row in (head, *rows)), (16, 10, 18, 9, 7, 8)[i]) for i in range(len(head))]
    for number, row in enumerate((head, *rows)):
        cells = (_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True))
        line = "  ".join(cells).rstrip()
        yield click.style(line, dim=True) if number == 0 else line


def _rows(picture: Picture, target: Object) -> Iterator[tuple[str, ...]]:
    service = (picture.services.get(target["name"]) or {}).get("status") or {}
    echo, weight = picture.echo(target["name"]), share_of(picture, target)
    candidate = target.get("candidate", "")
    if candidate and candidate == target.get("stable"):  # while the old revision ends, the new one is stable already
        yield target["name"], candidate, target.get("version", ""), "stable", service.get("ready", ""), "100%"
        return
    if target.get("stable"):
        pods = _pods(echo.get("stableReady", 0), echo.get("wanted", 0)) if candidate else service.get("ready", "")
        yield target["name"], target["stable"], target.get("stableVersion", ""), "stable", pods, f"{100 - weight:g}%"
    if candidate:
        pods = _pods(echo.get("candidateReady", 0), echo.get("candidateWanted", 0))
        name = "" if target.get("stable") else target["name"]
        yield name, candidate, target.get("version", ""), "new", pods, f"{weight:g}%"
    elif (rejected := target.get("rejected")) and service.get("revision") == rejected["revision"]:
        yield "", rejected["revision"], service.get("version", ""), "rejected", "", "0%"


def _pods(ready: int, wanted: int) -> str:
    return f"{ready}/{wanted}"


def _blocker(blocker: Object, now: datetime) -> str:
    since = f" ({spoken((now - moment(blocker['since'])).total_seconds())})" if blocker.get("since") else ""
    message = f": {blocker['message']}" if blocker.get("message") else ""
    return f"{blocker['kind']}/{blocker['name']} {blocker['reason']}{message}{since}"


def _conditions(picture: Picture) -> Iterator[str]:
    """All but Ready's message, which stands below the headline, and what only repeats it."""
    conditions = picture.conditions.values()
    told = picture.conditions.get("Ready", {}).get("message", "")
    yield ", ".join(f"{each['type']} {each['status']} {each['reason']}" for each in conditions)
    for each in conditions:
        if each.get("message", "") not in ("", told):
            yield f"{each['type']}: {each['message']}"


def _verb(picture: Picture) -> Iterator[str]:
    """The last request, if it was refused: else the release shows what it did."""
    verb = picture.status.get("verb") or {}
    if verb.get("result") == "Refused":
        yield f"{verb['value'].split('/')[0]} was refused: {verb.get('message', '')}"


def _labelled(label: str, texts: Iterable[str]) -> Iterator[str]:
    """Texts beside a label, wrapped; lines that fit are left alone, styles and all."""
    for text in texts:
        if not text:
            continue
        fits = len(click.unstyle(text)) <= WIDTH - MARGIN
        for part in [text] if fits else textwrap.wrap(click.unstyle(text), WIDTH - MARGIN, break_on_hyphens=False):
            yield (click.style(label.ljust(MARGIN), dim=True) + part) if label else " " * MARGIN + part
            label = ""


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
