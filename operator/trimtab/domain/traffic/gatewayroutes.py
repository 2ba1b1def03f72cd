"""The HTTPRoute and the GRPCRoute of a service, from the rules of its routing."""

from collections.abc import Iterator
from typing import Any

from trimtab.api.exposure import Expose, PathRule
from trimtab.api.microservice import MicroserviceSpec, Port
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity, child, filled
from trimtab.domain.traffic.provider import Routing
from trimtab.domain.traffic.rules import Backend, Rule, When, rules

_EVERY_PATH = (PathRule(prefix="/"),)


def route_kind(spec: MicroserviceSpec) -> str:
    """The kind of route that leads to the first port."""
    return "GRPCRoute" if spec.ports and spec.ports[0].protocol == "GRPC" else "HTTPRoute"


def route(routing: Routing) -> dict[str, Any]:
    """Leads requests from the Gateway that `expose` names, else from callers in a mesh, to the revisions' Services."""
    owner, spec = routing.owner, routing.spec
    kind, expose = route_kind(spec), _through_gateway(spec)
    rendered = _http_rules(routing) if kind == "HTTPRoute" else _grpc_rules(routing)
    body = {
        "parentRefs": [parent(owner, spec)],
        "hostnames": list(expose.hosts) if expose else [],
        "rules": list(rendered),
    }
    return child(owner, GATEWAY_API_VERSION, kind, owner.name, {"spec": body})


def parent(owner: Identity, spec: MicroserviceSpec) -> dict[str, Any]:
    """What the route is attached to: the Gateway, or the Service's first port (GEP-1324)."""
    expose = _through_gateway(spec)
    if expose is None or expose.gateway is None:
        return {"group": "", "kind": "Service", "name": owner.name, "port": spec.ports[0].port}
    gateway = expose.gateway
    return filled(
        {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": gateway.name,
            "namespace": gateway.namespace or owner.namespace,
            "sectionName": gateway.section_name,
        }
    )


def _through_gateway(spec: MicroserviceSpec) -> Expose | None:
    """How a Gateway exposes the service; an Ingress has hosts and paths of its own, and callers in a mesh have none."""
    return spec.expose if spec.expose is not None and spec.expose.gateway is not None else None


def _http_rules(routing: Routing) -> Iterator[dict[str, Any]]:
    """Every rule for every path. Rules for all requests are one for each path, as they are without a release."""
    expose, port = _through_gateway(routing.spec), routing.spec.ports[0]
    paths = (expose.paths if expose else ()) or _EVERY_PATH
    for rule in rules(routing):
        for chosen, when in _matches(rule, paths):
            rewrite = [_rewrite(path.rewrite) for path in chosen[:1] if path.rewrite]
            fields = {
                "matches": [_match(path, each) for path in chosen for each in when],
                "filters": [*rewrite, *_filters(rule, port)],
                "backendRefs": _backends(rule.backends, port),
            }
            yield {**fields, **_timeouts(expose)}


def _matches(rule: Rule, paths: tuple[PathRule, ...]) -> Iterator[tuple[tuple[PathRule, ...], tuple[When, ...]]]:
    """Which paths and which conditions share a rule: a rule that rewrites a path may have but one match."""
    if not rule.when:
        yield from (((path,), (When(),)) for path in paths)
        return
    if plain := tuple(path for path in paths if not path.rewrite):
        yield plain, rule.when
    yield from (((path,), (when,)) for path in paths if path.rewrite for when in rule.when)


def _match(path: PathRule, when: When) -> dict[str, Any]:
    match: dict[str, Any] = {"path": {"type": "PathPrefix", "value": path.prefix}}
    if when.method:
        match["method"] = when.method
    return {**match, **_headers(when)}


def _grpc_rules(routing: Routing) -> Iterator[dict[str, Any]]:
    port = routing.spec.ports[0]
    for rule in rules(routing):
        matches = {"matches": [_headers(when) for when in rule.when]} if rule.when else {}
        yield {**matches, "filters": _filters(rule, port), "backendRefs": _backends(rule.backends, port)}


def _headers(when: When) -> dict[str, Any]:
    if when.cookie:
        return {"headers": [{"type": "RegularExpression", "name": "Cookie", "value": when.cookie_pattern}]}
    return {"headers": [{"type": "Exact", "name": when.header, "value": when.value}]} if when.header else {}


def _backends(backends: tuple[Backend, ...], port: Port) -> list[dict[str, Any]]:
    """A Service that is alone has the weight 1, and the filters of its rule."""
    if len(backends) == 1:
        return [{**_service(backends[0].service, port), "weight": 1}]
    return [
        {
            **_service(backend.service, port),
            "weight": backend.weight,
            **({"filters": [_binding(backend)]} if backend.set_cookie else {}),
        }
        for backend in backends
    ]


def _service(name: str, port: Port) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": name, "port": port.port}


def _binding(backend: Backend) -> dict[str, Any]:
    """Adds the cookie, and sets it not: the service may have cookies of its own."""
    added = [{"name": "Set-Cookie", "value": backend.set_cookie}]
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": added}}


def _filters(rule: Rule, port: Port) -> list[dict[str, Any]]:
    """An empty list is written out, so that a filter which somebody adds is noticed as drift.

    100 percent is the default of a mirror, which also those gateways know that know no percentage. Of a backend that is
    alone Contour 1.33 ignores what its filters add.
    """
    filters: list[dict[str, Any]] = []
    if rule.mirror:
        percent = {"percent": rule.mirror_percent} if rule.mirror_percent < 100 else {}
        mirror = {"backendRef": _service(rule.mirror, port), **percent}
        filters.append({"type": "RequestMirror", "requestMirror": mirror})
    if len(rule.backends) == 1 and rule.backends[0].set_cookie:
        filters.append(_binding(rule.backends[0]))
    return filters


def _rewrite(replacement: str) -> dict[str, Any]:
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": replacement}
    return {"type": "URLRewrite", "urlRewrite": {"path": path}}


def _timeouts(expose: Expose | None) -> dict[str, Any]:
    return {"timeouts": {"request": expose.timeout}} if expose and expose.timeout else {}
