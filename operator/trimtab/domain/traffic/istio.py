"""The provider Istio: a VirtualService for callers in the mesh.

There is no DestinationRule: each revision has a Service of its own, so no subsets are needed, and whatever rules
users have for the mesh go on to hold.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab.api.microservice import Port
from trimtab.domain import drift
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import Identity, child
from trimtab.domain.traffic.provider import Live, Routing
from trimtab.domain.traffic.rules import Backend, Rule, When, rules

_API_VERSION = "networking.istio.io/v1"
_KIND = "VirtualService"
_INSTALL = "install Istio 1.22 or newer (https://istio.io/latest/docs/setup/)"


class Istio:
    """Weights, matches, copies and affinity in the HTTP routes of one VirtualService, which is written whole."""

    name = "Istio"
    routed = True
    kinds = frozenset({(_API_VERSION, _KIND)})

    def manifests(self, routing: Routing) -> tuple[Object, ...]:
        """The VirtualService of the service's address, with a set of routes for each port that speaks HTTP."""
        ports = _http_ports(routing)
        if not ports:
            return ()
        body = {
            "hosts": [routing.owner.name],
            "gateways": ["mesh"],
            "http": [_route(rule, port) for port in ports for rule in rules(routing)],
        }
        return (child(routing.owner, _API_VERSION, _KIND, routing.owner.name, {"spec": body}),)

    def live(self, routing: Routing, children: Mapping[ObjectRef, Object]) -> Live | None:
        """What the live VirtualService says; Istio is taken to have it unless it says otherwise."""
        live = children.get(_ref(routing.owner))
        if live is None:
            return None
        found = list(live["spec"].get("http") or ())
        refused = _refused(live)
        return Live(
            weights=_weights(route for route in found if not _is_conditional(route)),
            known=frozenset(service for route in found for service, _ in _shares(route)),
            matched=frozenset(_weights(route for route in found if _is_conditional(route))),
            mirrored=frozenset(route["mirror"]["host"] for route in found if "mirror" in route),
            confirmed=not refused and _reconciled(live),
            refused=refused,
            exact=not any(drift.differs(drift.stamped(wanted), live) for wanted in self.manifests(routing)),
        )

    def problem(self, routing: Routing, served: Iterable[tuple[str, str]], gateway_class: Object | None) -> str:
        """What the cluster or the protocol does not allow."""
        if not _http_ports(routing):
            return "a VirtualService divides HTTP and gRPC requests, and no port speaks either: use provider Replicas"
        if (_API_VERSION, _KIND) not in served:
            return f"the cluster has no {_KIND} of {_API_VERSION}: {_INSTALL}, or use provider Replicas"
        if routing.spec.ports[0].protocol == "GRPC" and routing.mirror and not routing.mirror_unsafe:
            return "every gRPC call is a POST, and of these no copies are made: set allowUnsafe, or another strategy"
        return ""


def _ref(owner: Identity) -> ObjectRef:
    return owner.ref(_API_VERSION, _KIND, owner.name)


def _http_ports(routing: Routing) -> tuple[Port, ...]:
    """A VirtualService that has routes for some HTTP ports of a host must have them for all: others get a 404."""
    return tuple(port for port in routing.spec.ports if port.protocol != "TCP")


def _route(rule: Rule, port: Port) -> dict[str, Any]:
    """Retries are off: Istio's own (2) would hide failures of the candidate."""
    return {
        "match": [{"port": port.port, **_match(when)} for when in rule.when or (When(),)],
        "route": [_destination(backend, port) for backend in rule.backends],
        "retries": {"attempts": 0},
        **_mirror(rule, port),
    }


def _match(when: When) -> dict[str, Any]:
    """Names of headers must be lower case here; a regular expression must match the whole value."""
    if when.method:
        return {"method": {"exact": when.method}}
    if when.cookie:
        return {"headers": {"cookie": {"regex": when.cookie_pattern}}}
    return {"headers": {when.header.lower(): {"exact": when.value}}} if when.header else {}


def _destination(backend: Backend, port: Port) -> dict[str, Any]:
    fields = {"destination": _service(backend.service, port), "weight": backend.weight}
    if not backend.set_cookie:
        return fields
    return {**fields, "headers": {"response": {"add": {"set-cookie": backend.set_cookie}}}}


def _service(name: str, port: Port) -> dict[str, Any]:
    return {"host": name, "port": {"number": port.port}}


def _mirror(rule: Rule, port: Port) -> dict[str, Any]:
    if not rule.mirror:
        return {}
    return {"mirror": _service(rule.mirror, port), "mirrorPercentage": {"value": rule.mirror_percent}}


def _refused(live: Object) -> str:
    """An error that Istio's analysis found in this generation (PILOT_ENABLE_STATUS; off by default)."""
    if not _is_about(live, live.get("status") or {}):
        return ""
    messages = (live.get("status") or {}).get("validationMessages") or ()
    errors = (message for message in messages if str(message.get("level", "")).lower() == "error")
    return next((str(error.get("documentationUrl") or error.get("type") or "error") for error in errors), "")


def _reconciled(live: Object) -> bool:
    """Whether all proxies have it, where Istio tells (condition Reconciled); elsewhere it is taken as it was written.

    status.observedGeneration is not enough: not every setting of Istio keeps it (istio/istio issue 31931).
    """
    told = [each for each in (live.get("status") or {}).get("conditions") or () if each.get("type") == "Reconciled"]
    return all(each.get("status") == "True" and _is_about(live, each) for each in told)


def _is_about(live: Object, said: Mapping[str, Any]) -> bool:
    """Whether `said`, a status or a condition, is about this generation; it is if it does not tell."""
    observed = said.get("observedGeneration")
    return observed is None or int(observed) >= live["metadata"].get("generation", 0)


def _is_conditional(route: Mapping[str, Any]) -> bool:
    return any(match.get("headers") for match in route.get("match") or ())


def _weights(routes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Percent by Service; where routes disagree, which ours never do, the highest."""
    highest: dict[str, int] = {}
    for service, share in (pair for route in routes for pair in _shares(route)):
        highest[service] = max(share, highest.get(service, 0))
    return {service: share for service, share in highest.items() if share > 0}


def _shares(route: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    destinations = route.get("route") or ()
    total = sum(each.get("weight", 0) for each in destinations)
    for each in destinations:
        share = round(100 * each.get("weight", 0) / total) if total else 100 // len(destinations)
        yield each["destination"]["host"], share
