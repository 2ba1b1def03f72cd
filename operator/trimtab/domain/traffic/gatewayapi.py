"""The provider GatewayAPI: an HTTPRoute or a GRPCRoute, attached to a Gateway or, for meshes, to the Service."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import drift
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity
from trimtab.domain.traffic.gatewayfeatures import unsupported
from trimtab.domain.traffic.gatewayroutes import parent, route, route_kind
from trimtab.domain.traffic.provider import Live, Routing

INSTALL = "install the Gateway API (https://gateway-api.sigs.k8s.io/guides/) and an implementation of it"


class GatewayAPI:
    """Weights, matches, copies and affinity in the rules of one route, which is written whole."""

    name = "GatewayAPI"
    routed = True
    kinds = frozenset({(GATEWAY_API_VERSION, "GRPCRoute"), (GATEWAY_API_VERSION, "HTTPRoute")})

    def manifests(self, routing: Routing) -> tuple[Object, ...]:
        """The one route; none for a service without ports."""
        return (route(routing),) if routing.spec.ports else ()

    def live(self, routing: Routing, children: Mapping[ObjectRef, Object]) -> Live | None:
        """What the live route says, in its rules and in the status that its Gateway or mesh gave it."""
        live = live_route(routing.owner, routing.spec, children)
        if live is None:
            return None
        answer = answer_of(live, routing.owner, routing.spec)
        found = list(live["spec"].get("rules") or ())
        deciding = [rule for rule in found if not _is_conditional(rule)]
        return Live(
            weights=_weights(deciding),
            known=frozenset(backend["name"] for rule in found for backend in rule.get("backendRefs") or ()),
            matched=frozenset(_weights(rule for rule in found if _is_conditional(rule))),
            mirrored=frozenset(service for rule in found for service in _mirrored(rule)),
            confirmed=answer.confirmed,
            refused=answer.refused,
            exact=not any(drift.differs(drift.stamped(wanted), live) for wanted in self.manifests(routing)),
        )

    def problem(self, routing: Routing, served: Iterable[tuple[str, str]], gateway_class: Object | None) -> str:
        """What the cluster, the protocol, the kind of route or the implementation of the Gateway does not allow."""
        kind = route_kind(routing.spec)
        if not routing.spec.ports or routing.spec.ports[0].protocol == "TCP":
            return f"no {kind} leads to a service without HTTP or GRPC as its first port: use provider Replicas"
        if (GATEWAY_API_VERSION, kind) not in served:
            return f"the cluster has no {kind}: {INSTALL}, or use provider Replicas"
        return unsupported(routing, route(routing), gateway_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the parent of a route says about the newest version of it: `refused` in its own words."""

    confirmed: bool = False
    refused: str = ""


def live_route(owner: Identity, spec: MicroserviceSpec, children: Mapping[ObjectRef, Object]) -> Object | None:
    """The route of the service, if there is one."""
    return children.get(owner.ref(GATEWAY_API_VERSION, route_kind(spec), owner.name))


def answer_of(live: Object, owner: Identity, spec: MicroserviceSpec) -> Answer:
    """What the Gateway or mesh to which the route is attached says about it."""
    said = list(_said(live, parent(owner, spec), owner.namespace))
    for condition in said:
        if condition["status"] == "False":
            return Answer(refused=condition.get("message") or condition.get("reason") or condition["type"])
    held = {condition["type"] for condition in said if condition["status"] == "True"}
    return Answer(confirmed=held >= {"Accepted", "ResolvedRefs"})


def _said(live: Object, wanted: Mapping[str, Any], namespace: str) -> Iterator[Mapping[str, Any]]:
    """Conditions Accepted and ResolvedRefs that the controller of our parent gave to this generation of the route."""
    generation = live["metadata"].get("generation", 0)
    for entry in (live.get("status") or {}).get("parents") or ():
        if _target(entry["parentRef"], namespace) != _target(wanted, namespace):
            continue
        for condition in entry.get("conditions") or ():
            known = condition["type"] in ("Accepted", "ResolvedRefs")
            if known and condition.get("observedGeneration", 0) >= generation:
                yield condition


def _target(reference: Mapping[str, Any], namespace: str) -> tuple[str, str, str]:
    return reference.get("kind", "Gateway"), reference.get("namespace") or namespace, reference["name"]


def _is_conditional(rule: Mapping[str, Any]) -> bool:
    """Whether a header or a cookie decides. A method does not: mirroring goes by it, and both sides are split alike."""
    return any(match.get("headers") or match.get("queryParams") for match in rule.get("matches") or ())


def _weights(rules: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Percent by Service; where rules disagree, which ours never do, the highest."""
    highest: dict[str, int] = {}
    for rule in rules:
        backends = rule.get("backendRefs") or ()
        total = sum(backend.get("weight", 1) for backend in backends)
        for backend in backends:
            share = round(100 * backend.get("weight", 1) / total) if total else 0
            if share > highest.get(backend["name"], 0):
                highest[backend["name"]] = share
    return highest


def _mirrored(rule: Mapping[str, Any]) -> Iterator[str]:
    for each in rule.get("filters") or ():
        if each["type"] == "RequestMirror":
            yield each["requestMirror"]["backendRef"]["name"]
