"""Whose turn it is in a concurrency group: a bakery, in which everybody reads what the others have published.

A release takes its ticket (a time) when it is first seen, publishes it, and starts at least five seconds later. By then
all earlier tickets are published too, so that two releases never both believe to be first.
"""

from collections.abc import Iterator
from typing import Any

from trimtab.domain.objects import Object
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Phase, State, of_status

PUBLICATION = 5.0
"""Seconds by which a ticket is surely read by everybody."""

_WAITING = (Phase.SETTLING, Phase.QUEUED)


def ahead(state: State, look: Look) -> list[str] | None:
    """Names of the releases to wait for, at least one; None if it is this one's turn."""
    group = look.spec.concurrency
    if group is None:
        return None
    others = list(_members(look, group.group))
    places = min([group.max, *(limit for _, limit, _ in others)])
    first = sorted(name for name, _, other in others if _before(other, name, state, look.name))
    if len(first) >= places:
        return first
    return None if published(state, look) else [look.name]


def published(state: State, look: Look) -> bool:
    """Whether everybody has read our ticket, if anybody has to."""
    return look.spec.concurrency is None or state.queued >= PUBLICATION


def _members(look: Look, group: str) -> Iterator[tuple[str, int, State]]:
    """Name, limit and state of the other members of the group."""
    for other in look.observation.others:
        concurrency: Any = (other.get("spec") or {}).get("concurrency") or {}
        if concurrency.get("group") == group:
            yield other["metadata"]["name"], concurrency.get("max", 1), _state(other)


def _state(other: Object) -> State:
    """Its published state; who is suspended in the queue keeps nobody waiting."""
    state = of_status(other.get("status") or {})
    suspended = other["spec"].get("suspend", False) and state.phase in _WAITING
    return State() if suspended else state


def _before(other: State, name: str, own: State, own_name: str) -> bool:
    """Whether the other release is under way, or waits with an earlier ticket."""
    if other.phase in _WAITING:
        return bool(other.ticket) and (other.ticket, name) < (own.ticket, own_name)
    return other.phase is not Phase.IDLE
