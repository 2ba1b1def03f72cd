"""What a Gateway's implementation does not do, known before a route asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.domain.objects import Object
from trimtab.domain.traffic.provider import Routing
from trimtab.domain.traffic.rules import SAFE_METHODS

MAX_RULES = 16
MAX_MATCHES = 128
MAX_MATCHES_OF_RULE = 64
"""Limits of a route, of all its matches and of those in one rule (Gateway API 1.3, HTTPRoute and GRPCRoute)."""

_IGNORED = {"projectcontour.io/gateway-controller": frozenset({"HTTPRouteRequestPercentageMirror"})}
"""By controllerName: what an implementation accepts, and leaves undone without a word."""

_WORDS = {
    "GRPCRoute": "leads gRPC calls",
    "HTTPRoute": "leads HTTP requests",
    "HTTPRouteMethodMatching": f"tells requests apart by method, so that only {' and '.join(SAFE_METHODS)} are copied",
    "HTTPRouteRequestMirror": "copies requests",
    "HTTPRouteRequestPercentageMirror": "copies a percentage of requests",
    "HTTPRouteResponseHeaderModification": "sets a cookie on answers, by which affinity works",
}
"""Names of features (Gateway API, pkg/features), and what each is for here."""

_REMEDIES = {
    "HTTPRouteMethodMatching": "set allowUnsafe, or use another GatewayClass",
    "HTTPRouteRequestPercentageMirror": "mirror 100%, or use another GatewayClass",
    "HTTPRouteResponseHeaderModification": "leave affinity out, or use another GatewayClass",
}


def unsupported(routing: Routing, route: Mapping[str, Any], gateway_class: Object | None) -> str:
    """Why this route cannot do what it says, with the remedy; empty if nothing is known against it.

    `gateway_class` is None for a mesh, or where it could not be read; then the route's own conditions decide.
    """
    if wrong := _impossible(routing, route):
        return wrong
    if gateway_class is None:
        return ""
    controller = gateway_class["spec"].get("controllerName", "")
    named = f"GatewayClass {gateway_class['metadata']['name']} ({controller})"
    supported = _supported(gateway_class)
    for feature in _used(routing, route["kind"]):
        ignored = feature in _IGNORED.get(controller, ())
        if ignored or (supported and feature not in supported):
            remedy = _REMEDIES.get(feature, "use another GatewayClass")
            return f"{named} has no feature {feature}, which {_WORDS[feature]}: {remedy}"
    return ""


def _impossible(routing: Routing, route: Mapping[str, Any]) -> str:
    """What no implementation can do."""
    if route["kind"] == "GRPCRoute" and routing.mirror and not routing.mirror_unsafe:
        return "every gRPC call is a POST, and of these no copies are made: set allowUnsafe, or choose another strategy"
    rules = route["spec"]["rules"]
    matches = [len(rule.get("matches", ())) for rule in rules]
    if len(rules) > MAX_RULES or sum(matches) > MAX_MATCHES or max(matches) > MAX_MATCHES_OF_RULE:
        size = f"{len(rules)} rules with {sum(matches)} matches"
        limit = f"{MAX_RULES} rules, {MAX_MATCHES} matches and {MAX_MATCHES_OF_RULE} matches in one rule"
        return (
            f"the {route['kind']} would have {size}, and may have {limit}: give expose.paths fewer entries (above all "
            "fewer with rewrite), use fewer matches, or leave affinity out"
        )
    return ""


def _supported(gateway_class: Object) -> frozenset[str]:
    """Names of features, which old implementations list as texts and newer ones as objects; empty: unknown."""
    listed = (gateway_class.get("status") or {}).get("supportedFeatures") or ()
    return frozenset(each if isinstance(each, str) else each["name"] for each in listed)


def _used(routing: Routing, kind: str) -> Iterator[str]:
    """The features that have names; weights and headers are core, and the filters of a GRPCRoute have no names."""
    yield kind
    if kind != "HTTPRoute" or not routing.candidate:
        return
    if routing.mirror:
        yield "HTTPRouteRequestMirror"
        if routing.mirror < 100:
            yield "HTTPRouteRequestPercentageMirror"
        if not routing.mirror_unsafe:
            yield "HTTPRouteMethodMatching"
    if routing.cookie_max_age:
        yield "HTTPRouteResponseHeaderModification"
