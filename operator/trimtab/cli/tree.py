"""A Microservice as a tree of lines for a terminal."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from trimtab.cli import lines
from trimtab.domain.objects import Object

REVISION = "trimtab.dev/revision"


def render(resource: Object, pods: list[Object], now: datetime) -> Iterator[str]:
    """The lines, styled; click strips the styles where the output is no terminal."""
    status = resource.get("status", {})
    version = f"version {status['version']}" if status.get("version") else ""
    revision = f"revision {status['revision']}" if status.get("revision") else ""
    yield lines.headline(resource, status.get("ready", ""), version, revision)
    yield from lines.section("Conditions", (lines.condition(each, now) for each in status.get("conditions", ())))
    yield from lines.section("Waiting for", (lines.blocker(each, now) for each in status.get("waitingFor", ())))
    yield from lines.section("Jobs", (_job(each, now) for each in status.get("jobs", ())))
    yield from lines.section("Refused request", _refused(status))
    yield from lines.section("Objects", _objects(status, pods, now))
    yield from lines.section("Revisions", (_revision(each, status, now) for each in status.get("history", ())))


def _job(job: Object, now: datetime) -> str:
    colour = {"Succeeded": "green", "Failed": "red"}.get(job["phase"], "yellow")
    when = lines.age(job.get("finishedAt") or job.get("startedAt"), now)
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
    return "  ".join(part for part in parts if part) + lines.age(metadata.get("creationTimestamp"), now)


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
    return f"{entry['revision']}  {entry.get('version', '')}{note}{lines.age(entry.get('startedAt'), now)}"
