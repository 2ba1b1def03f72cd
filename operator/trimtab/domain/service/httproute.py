"""The HTTPRoute."""

from typing import Any

from trimtab.api.exposure import Expose, PathRule
from trimtab.api.microservice import Port
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity, child, filled


def http_route(owner: Identity, expose: Expose, port: Port) -> dict[str, Any]:
    """Leads requests from the Gateway to a port of the Service."""
    paths = expose.paths or (PathRule(prefix="/"),)
    body = {**attachment(owner, expose), "rules": [_rule(owner, expose, port, path) for path in paths]}
    return child(owner, GATEWAY_API_VERSION, "HTTPRoute", owner.name, {"spec": body})


def attachment(owner: Identity, expose: Expose) -> dict[str, Any]:
    """The Gateway and the host names: what routes of every protocol have in common."""
    gateway = expose.gateway
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace or owner.namespace,
        "sectionName": gateway.section_name,
    }
    return {"parentRefs": [filled(parent)], "hostnames": list(expose.hosts)}


def backend(owner: Identity, port: Port) -> dict[str, Any]:
    """A port of the Service."""
    return {"group": "", "kind": "Service", "name": owner.name, "port": port.port, "weight": 1}


def _rule(owner: Identity, expose: Expose, port: Port, path: PathRule) -> dict[str, Any]:
    """An empty `filters` is written out, so that a filter which somebody adds is noticed as drift."""
    rule: dict[str, Any] = {
        "matches": [{"path": {"type": "PathPrefix", "value": path.prefix}}],
        "filters": [_rewrite(path.rewrite)] if path.rewrite else [],
        "backendRefs": [backend(owner, port)],
    }
    return {**rule, "timeouts": {"request": expose.timeout}} if expose.timeout else rule


def _rewrite(replacement: str) -> dict[str, Any]:
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": replacement}
    return {"type": "URLRewrite", "urlRewrite": {"path": path}}
