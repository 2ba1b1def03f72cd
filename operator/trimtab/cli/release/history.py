"""Releases that have ended, newest first."""

from collections.abc import Iterator
from datetime import datetime

import click

from trimtab.cli.release.drawing import moment, phase_colour
from trimtab.cli.release.picture import Picture
from trimtab.domain.objects import Object
from trimtab.domain.release.durations import spoken


def history_lines(picture: Picture, now: datetime) -> Iterator[str]:
    """Two lines for each release: what it was, and why it ended so."""
    records = picture.status.get("history") or ()
    if not records:
        yield f"{picture.namespace}/{picture.name} has released nothing yet"
    for record in records:
        yield from _record(record, now)


def _record(record: Object, now: datetime) -> Iterator[str]:
    began, ended = moment(record["startedAt"]), moment(record["endedAt"])
    versions = ", ".join(
        f"{each['name']} {each.get('version') or each.get('revision', '')}" for each in record.get("versions") or ()
    )
    outcome = click.style(record["outcome"].ljust(10), fg=phase_colour(record["outcome"]))
    took, ago = spoken((ended - began).total_seconds()), spoken((now - ended).total_seconds())
    yield f"{outcome}  {record['releaseID']}  {versions}  took {took}, {ago} ago"
    if why := ": ".join(part for part in (record.get("reason"), record.get("message")) if part):
        yield f"            {why}"
