"""A Microservice as a tree of lines for a terminal."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from trimtab.domain.objects import Object

REVISION = "trimtab.dev/revision"


def render(resource: Object, pods: list[Object], now: datetime) -> Iterator[str]:
    """The lines, styled; click strips the styles where the output is no terminal."""
    status = resource.get("status", {})
    yield _headline(resource, status)
    yield from _section("Conditions", (_condition(each, now) for each in status.get("conditions", ())))
    yield from _section("Waiting for", (_blocker(each, now) for each in status.get("waitingFor", ())))
    yield from _section("Jobs", (_job(each, now) for each in status.get("jobs", ())))
    yield from _section("Refused request", _refused(status))
    yield from _section("Objects", _objects(status, pods, now))
    yield from _section("Revisions", (_revision(each, status, now) for each in status.get("history", ())))


def _headline(resource: Object, status: Object) -> str:
    metadata = resource["metadata"]
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    ready = conditions.get("Ready", {"status": "Unknown", "reason": "not looked at yet"})
    parts = [
        click.style(f"{metadata['namespace']}/{metadata['name']}", bold=True),
        _mark(ready["status"]) + " " + ready["reason"],
        status.get("ready", ""),
        f"version {status['version']}" if status.get("version") else "",
        f"revision {status['revision']}" if status.get("revision") else "",
    ]
    if metadata.get("generation", 0) != status.get("observedGeneration", metadata.get("generation", 0)):
        parts.append(click.style("the last change has not been looked at yet", fg="yellow"))
    return "  ".join(part for part in parts if part)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if not found:
        return
    yield click.style(title, bold=True)
    for number, line in enumerate(found):
        yield ("└─ " if number == len(found) - 1 else "├─ ") + line


def _condition(condition: Object, now: datetime) -> str:
    good = "False" if condition["type"] in ("Stalled", "Reconciling") else "True"
    mark = _mark("True" if condition["status"] == good else condition["status"], wanted=condition["status"] == good)
    age = _age(condition.get("lastTransitionTime"), now)
    text = f"{condition['reason']}: {condition['message']}" if condition.get("message") else condition["reason"]
    return f"{mark} {condition['type']:<13} {text}{age}"


def _blocker(blocker: Object, now: datetime) -> str:
    reason = click.style(blocker["reason"], fg="yellow")
    message = f": {blocker['message']}" if blocker.get("message") else ""
    return f"{blocker['kind']}/{blocker['name']}  {reason}{message}{_age(blocker.get('since'), now)}"


def _job(job: Object, now: datetime) -> str:
    colour = {"Succeeded": "green", "Failed": "red"}.get(job["phase"], "yellow")
    when = _age(job.get("finishedAt") or job.get("startedAt"), now)
    message = f": {job['message']}" if job.get("message") else ""
    return f"{job['name']}  {click.style(job['phase'], fg=colour)}{message}{when}"


def _refused(status: Object) -> Iterator[str]:
    """The last request by annotation, if it led to nothing; else the jobs tell of it."""
    verb = status.get("verb", {})
    if verb.get("result") == "Refused":
        yield f"{verb['value']}: {verb['message']}"


def _objects(status: Object, pods: list[Object], now: datetime) -> Iterator[str]:
    """What was applied, and the pods that came of it."""
    for item in status.get("inventory", ()):
        yield f"{item['kind']}/{item['name']}"
    for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
        yield _pod(pod, now)


def _pod(pod: Object, now: datetime) -> str:
    metadata, status = pod["metadata"], pod.get("status", {})
    containers = status.get("containerStatuses", ())
    ready = sum(1 for each in containers if each.get("ready"))
    restarts = sum(each.get("restartCount", 0) for each in containers)
    phase = "Terminating" if "deletionTimestamp" in metadata else _trouble(containers) or status.get("phase", "Unknown")
    well = phase in ("Running", "Succeeded") and (ready == len(containers) or phase == "Succeeded")
    parts = [
        f"Pod/{metadata['name']}",
        click.style(phase, fg="green" if well else "yellow"),
        f"{ready}/{len(containers)}",
        f"{restarts} restarts" if restarts else "",
        metadata.get("labels", {}).get(REVISION, ""),
    ]
    return "  ".join(part for part in parts if part) + _age(metadata.get("creationTimestamp"), now)


def _trouble(containers: Iterable[Object]) -> str:
    """Why a container waits, as kubectl would show it."""
    for each in containers:
        reason = each.get("state", {}).get("waiting", {}).get("reason")
        if reason:
            return str(reason)
    return ""


def _revision(entry: Object, status: Object, now: datetime) -> str:
    notes = [
        name
        for name, field in (("wanted", "revision"), ("stable", "stableRevision"))
        if status.get(field) == entry["revision"]
    ]
    note = f"  ({', '.join(notes)})" if notes else ""
    return f"{entry['revision']}  {entry.get('version', '')}{note}{_age(entry.get('startedAt'), now)}"


def _mark(status: str, *, wanted: bool | None = None) -> str:
    good = status == "True" if wanted is None else wanted
    if good:
        return click.style("✔", fg="green")
    return click.style("✘" if status == "False" else "…", fg="yellow")


def _age(moment: Any, now: datetime) -> str:
    if not moment:
        return ""
    seconds = (now - datetime.fromisoformat(str(moment).replace("Z", "+00:00")).astimezone(UTC)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return click.style(f"  {int(seconds // length)}{unit} ago", dim=True)
    return click.style(f"  {max(0, int(seconds))}s ago", dim=True)
