"""A ServiceBinding as a tree of lines for a terminal, and many of them as a table."""

from collections.abc import Iterator
from datetime import datetime

import click

from trimtab.cli import lines
from trimtab.cli.binding.advice import advice
from trimtab.cli.binding.picture import Picture
from trimtab.domain.objects import Object

_HEADS = ("NAME", "READY", "REASON", "SERVICE", "SECRET", "DELETION", "WAITING-FOR")


def tree(picture: Picture, now: datetime) -> Iterator[str]:
    """The lines, styled; click strips the styles where the output is no terminal."""
    binding, status = picture.binding, picture.binding.get("status") or {}
    yield lines.headline(binding, status.get("service", ""), *_facts(status))
    yield from lines.section("Conditions", (lines.condition(each, now) for each in status.get("conditions") or ()))
    yield from lines.section("Waiting for", (lines.blocker(each, now) for each in status.get("waitingFor") or ()))
    yield from lines.section("Resources", (_resource(each, now) for each in status.get("resources") or ()))
    yield from lines.section("Drift", (_drift(each, now) for each in status.get("drift") or ()))
    yield from lines.section("Used by", _users(picture))
    yield from lines.section("When deleted", _deletion(binding, status))
    yield from lines.section("Next", advice(binding))


def table(bindings: list[Object]) -> Iterator[str]:
    """One line for each."""
    rows = [_HEADS, *(_row(each) for each in bindings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _facts(status: Object) -> Iterator[str]:
    secret = (status.get("binding") or {}).get("name")
    yield f"Secret {secret}" if secret else ""
    yield f"policy {status['policy']}" if status.get("policy") else ""
    yield " ".join(filter(None, (status.get("region"), status.get("account"))))


def _resource(each: Object, now: datetime) -> str:
    state = each.get("state", "")
    colour = {"Active": "green", "Failed": "red"}.get(state, "yellow")
    parts = [each["kind"], each["name"], click.style(state or "not there", fg=colour), each.get("arn", "")]
    intent = each.get("intent")
    last = click.style(f"  last: {intent['verb']}", dim=True) + lines.age(intent.get("at"), now) if intent else ""
    return "  ".join(part for part in parts if part) + last


def _drift(each: Object, now: datetime) -> str:
    times = f", changed back {each['count']} times" if each.get("count") else ""
    return (
        f"{each['key']}: {each['setting']} should be {each.get('wanted', '?')} and was {each.get('found', '?')}{times}"
        f"{lines.age(each.get('last') or each.get('first'), now)}"
    )


def _users(picture: Picture) -> Iterator[str]:
    yield from (f"Microservice/{name}" for name in picture.workloads)
    if not picture.workloads and "Microservice" not in picture.hidden:
        yield from _nobody(picture.binding["spec"].get("workload"))
    yield from picture.users
    if picture.hidden:
        yield f"(you may not list {', '.join(picture.hidden)})"


def _nobody(workload: Object | None) -> Iterator[str]:
    """A workload that is not there yet, or whose name is misspelt."""
    if workload and workload.get("name"):
        yield f"(there is no Microservice {workload['name']} in this namespace yet)"
    elif workload:
        labels = ",".join(f"{key}={value}" for key, value in sorted((workload.get("selector") or {}).items()))
        yield f"(no Microservice in this namespace has the labels {labels} yet)"


def _deletion(binding: Object, status: Object) -> Iterator[str]:
    if binding["spec"].get("deletionProtection"):
        yield "refused: spec.deletionProtection is true"
        return
    words = {
        "Retain": "it is kept, with its Secret, and a ServiceBinding of that name takes it up again",
        "Delete": "it is deleted, with all that it holds",
        "DeleteIfEmpty": "it is deleted if it holds nothing, else kept",
        "Snapshot": "it is deleted once a snapshot is made",
    }
    if policy := status.get("deletionPolicy"):
        yield f"{policy}: {words.get(policy, '')}".rstrip(": ")


def _row(binding: Object) -> tuple[str, ...]:
    status = binding.get("status") or {}
    ready: Object = next((each for each in status.get("conditions") or () if each["type"] == "Ready"), {})
    waiting: Object = next(iter(status.get("waitingFor") or ()), {})
    return (
        binding["metadata"]["name"],
        ready.get("status", "Unknown"),
        ready.get("reason", ""),
        status.get("service", ""),
        (status.get("binding") or {}).get("name", ""),
        status.get("deletionPolicy", ""),
        f"{waiting['kind']}/{waiting['name']}" if waiting else "",
    )
