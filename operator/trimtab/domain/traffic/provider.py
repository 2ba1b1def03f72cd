"""What every provider of traffic control must be able to do. Pure: it renders objects and reads what they answer.

To add a provider, write one module with a class of this shape and name it in `registry.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What the route is to say. `stable` and `candidate` are names of Services; no candidate: everything to stable.

    `spec` has the ports of the revisions that serve. `weight`, `mirror`: percent. `matches` are those of
    `strategy.abTest`, non-empty only while they are to take effect; `cookie_max_age` in seconds turns affinity on.
    `release` is the release id, part of the affinity cookie so that a new release starts anew.
    """

    owner: Identity
    spec: MicroserviceSpec
    stable: str
    candidate: str = ""
    weight: int = 0
    matches: tuple[Mapping[str, Any], ...] = ()
    mirror: int = 0
    mirror_unsafe: bool = False
    cookie_max_age: int = 0
    release: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the live objects say. `weights`: percent by name of Service, for requests that no match or cookie decides.

    `known`: all Services that are named, with or without weight. Whoever routes must have taken one in before any
    request is led to it: a proxy that learns of a Service and of requests for it at once answers some with errors.
    `matched` and `mirrored`: the Services that matches and copies lead to. `confirmed`: whoever routes has taken in
    the newest version of all objects. `refused` is its own message if it never will. `exact`: the objects are, to the
    last rule, those that `manifests` gives.
    """

    weights: Mapping[str, int] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    matched: frozenset[str] = frozenset()
    mirrored: frozenset[str] = frozenset()
    confirmed: bool = False
    refused: str = ""
    exact: bool = False

    def leads_to(self, service: str) -> bool:
        """Whether any request may reach that Service by this route."""
        return self.weights.get(service, 0) > 0 or service in self.matched or service in self.mirrored


class Provider(Protocol):
    """One way of giving revisions their shares."""

    name: str
    """As in spec.traffic.provider."""

    routed: bool
    """Whether a router chooses the revision for each request; False: every pod behind the address gets its share."""

    kinds: frozenset[tuple[str, str]]
    """(apiVersion, kind) of all objects that it may make; a cluster may lack them."""

    def manifests(self, routing: Routing) -> tuple[Object, ...]:
        """The objects that bring the routing about, named after the Microservice and controlled by it."""

    def live(self, routing: Routing, children: Mapping[ObjectRef, Object]) -> Live | None:
        """What the live objects say, measured against `routing`; None if there is no route yet."""

    def problem(self, routing: Routing, served: Iterable[tuple[str, str]], gateway_class: Object | None) -> str:
        """Why the routing cannot be carried out here, with the remedy; empty if it can. Reason: NotSupported."""
