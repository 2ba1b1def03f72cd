"""Lines of a tree for a terminal, as the commands that show an object have them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from trimtab.domain.objects import Object

_BAD = ("Stalled", "Reconciling", "Drifted", "PermissionsMissing")
"""Conditions that are bad news while they are True."""


def section(title: str, below: Iterable[str]) -> Iterator[str]:
    """A title and its lines below it; nothing if there are none."""
    found = list(below)
    if not found:
        return
    yield click.style(title, bold=True)
    for number, line in enumerate(found):
        yield ("└─ " if number == len(found) - 1 else "├─ ") + line


def headline(resource: Object, *facts: str) -> str:
    """Which object it is, whether it is ready, and facts that are not empty."""
    metadata, status = resource["metadata"], resource.get("status") or {}
    found = {each["type"]: each for each in status.get("conditions", ())}
    ready = found.get("Ready", {"status": "Unknown", "reason": "not looked at yet"})
    parts = [
        click.style(f"{metadata['namespace']}/{metadata['name']}", bold=True),
        mark(ready["status"]) + " " + ready["reason"],
        *facts,
    ]
    if metadata.get("generation", 0) != status.get("observedGeneration", metadata.get("generation", 0)):
        parts.append(click.style("the last change has not been looked at yet", fg="yellow"))
    return "  ".join(part for part in parts if part)


def condition(found: Object, now: datetime) -> str:
    """A condition with its age."""
    good = "False" if found["type"] in _BAD else "True"
    sign = mark("True" if found["status"] == good else found["status"], wanted=found["status"] == good)
    text = f"{found['reason']}: {found['message']}" if found.get("message") else found["reason"]
    return f"{sign} {found['type']:<13} {text}{age(found.get('lastTransitionTime'), now)}"


def blocker(found: Object, now: datetime) -> str:
    """An entry of waitingFor with its age."""
    reason = click.style(found["reason"], fg="yellow")
    message = f": {found['message']}" if found.get("message") else ""
    return f"{found['kind']}/{found['name']}  {reason}{message}{age(found.get('since'), now)}"


def mark(status: str, *, wanted: bool | None = None) -> str:
    """A sign for the status of a condition; `wanted` says whether it is as it should be."""
    good = status == "True" if wanted is None else wanted
    if good:
        return click.style("✔", fg="green")
    return click.style("✘" if status == "False" else "…", fg="yellow")


def age(moment: Any, now: datetime) -> str:
    """How long ago a time of Kubernetes was; empty if there is none."""
    if not moment:
        return ""
    seconds = (now - datetime.fromisoformat(str(moment).replace("Z", "+00:00")).astimezone(UTC)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return click.style(f"  {int(seconds // length)}{unit} ago", dim=True)
    return click.style(f"  {max(0, int(seconds))}s ago", dim=True)
