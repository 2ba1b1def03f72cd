"""What a routing comes to, request by request, before a provider puts it into its own words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.domain.traffic.provider import Routing

SAFE_METHODS = ("GET", "HEAD")
"""What a copy of a request may do without changing anything (RFC 9110, 9.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a request must be like: its `method`, or the `value` of a `header`, or that of a `cookie`."""

    method: str = ""
    header: str = ""
    cookie: str = ""
    value: str = ""

    @property
    def cookie_pattern(self) -> str:
        """An RE2 for a whole Cookie header in which the cookie has exactly this value (RFC 6265, 4.2.1)."""
        return f"^(.*; *)?{re.escape(self.cookie)}={re.escape(self.value)}( *;.*)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A Service and its percentage; `set_cookie` is the Set-Cookie header by which its answers bind a client to it."""

    service: str
    weight: int = 100
    set_cookie: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where requests go that are like one of `when` (empty: all), and which Service gets a copy of how many percent."""

    backends: tuple[Backend, ...]
    when: tuple[When, ...] = ()
    mirror: str = ""
    mirror_percent: int = 0


def rules(routing: Routing) -> tuple[Rule, ...]:
    """The rules of a routing: the first that fits a request decides, the last fits all. Weights of each sum to 100.

    A/B matches come before the cookie: who asks for the candidate gets it, whatever an answer has bound them to. No
    strategy copies requests while it matches or divides them; a Gateway would look at the method first.
    """
    everything = Rule(backends=tuple(_split(routing)))
    if not routing.mirror or not routing.candidate:
        return (*_matched(routing), *_bound(routing), everything)
    copied = Rule(
        when=() if routing.mirror_unsafe else tuple(When(method=method) for method in SAFE_METHODS),
        backends=everything.backends,
        mirror=routing.candidate,
        mirror_percent=routing.mirror,
    )
    others = () if routing.mirror_unsafe else (everything,)
    return (*_matched(routing), *_bound(routing), copied, *others)


def _split(routing: Routing) -> Iterator[Backend]:
    """The shares. A candidate is named before it gets any, and stable after it has lost all.

    A proxy that is led to a Service which it does not know yet answers with errors until it does.
    """
    candidate = routing.weight if routing.candidate else 0
    yield _backend(routing, routing.stable, 100 - candidate)
    if routing.candidate:
        yield _backend(routing, routing.candidate, candidate)


def _backend(routing: Routing, service: str, weight: int = 100) -> Backend:
    return Backend(service=service, weight=weight, set_cookie=_set_cookie(routing, service) if weight else "")


def _matched(routing: Routing) -> Iterator[Rule]:
    if routing.candidate and routing.matches:
        when = tuple(_when(match) for match in routing.matches)
        yield Rule(when=when, backends=(_backend(routing, routing.candidate),))


def _when(match: Mapping[str, Any]) -> When:
    """An entry of `strategy.abTest.match`."""
    if "cookie" in match:
        return When(cookie=match["cookie"]["name"], value=match["cookie"]["exact"])
    return When(header=match["header"]["name"], value=match["header"]["exact"])


def _bound(routing: Routing) -> Iterator[Rule]:
    for service in _binding(routing):
        when = When(cookie=cookie_name(routing), value=_cookie_value(routing, service))
        yield Rule(when=(when,), backends=(Backend(service=service),))


def _binding(routing: Routing) -> tuple[str, ...]:
    """The Services to which clients are bound: none unless both serve, so that a cookie keeps nobody on one that left.

    Where only A/B matches lead to the candidate, stable needs no cookie: whoever has none gets there.
    """
    if not routing.cookie_max_age or not routing.candidate or routing.weight >= 100:
        return ()
    if routing.weight > 0:
        return (routing.stable, routing.candidate)
    return (routing.candidate,) if routing.matches else ()


def cookie_name(routing: Routing) -> str:
    """The name of the affinity cookie."""
    return f"trimtab-{routing.owner.name}"


def _cookie_value(routing: Routing, service: str) -> str:
    """The release and the revision: a cookie of an earlier release fits no rule."""
    return f"{routing.release}.{service.removeprefix(routing.owner.name + '-')}"


def _set_cookie(routing: Routing, service: str) -> str:
    if service not in _binding(routing):
        return ""
    pair = f"{cookie_name(routing)}={_cookie_value(routing, service)}"
    return f"{pair}; Max-Age={routing.cookie_max_age}; Path=/; SameSite=Lax; HttpOnly"
