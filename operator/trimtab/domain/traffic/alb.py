"""The provider ALB: an Ingress for the AWS Load Balancer Controller, which reads weights from annotations.

Where nothing is to be divided, the Ingress leads to one Service in the plain way, for any controller.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trimtab.api.exposure import PathRule
from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import drift, names
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import child
from trimtab.domain.traffic.provider import Live, Routing
from trimtab.domain.traffic.rules import Backend, When, rules

API_VERSION = "networking.k8s.io/v1"
KIND = "Ingress"

_PREFIX = "alb.ingress.kubernetes.io/"
_CONTROLLER = "ingress.k8s.aws/alb"
_USE_ANNOTATION = "use-annotation"
_EVERY_PATH = (PathRule(prefix="/"),)
_PROTOCOL_VERSIONS = ("HTTP2", "GRPC")
"""Protocols of ours that are protocol versions of a target group, by the same names; HTTP/1.1 is its default."""

_MAX_STICKINESS = 604800
"""Seconds (Elastic Load Balancing API, TargetGroupStickinessConfig)."""

_MAX_HEADER_NAME, _MAX_HEADER_VALUE = 40, 128
"""Characters (Elastic Load Balancing API, HttpHeaderConditionConfig)."""


class ALB:
    """Weights, matches and stickiness in the actions and conditions of one Ingress."""

    name = "ALB"
    routed = True
    kinds = frozenset({(API_VERSION, KIND)})

    def manifests(self, routing: Routing) -> tuple[Object, ...]:
        """The Ingress; none unless `expose` names an IngressClass."""
        expose = routing.spec.expose
        if expose is None or expose.ingress_class_name is None or not routing.spec.ports:
            return ()
        forwards = tuple(_forwards(routing))
        paths = [_path(path, each, routing.spec) for path in expose.paths or _EVERY_PATH for each in forwards]
        hosts = [{"host": host} for host in expose.hosts] or [{}]
        body = {
            "ingressClassName": expose.ingress_class_name,
            "rules": [{**host, "http": {"paths": paths}} for host in hosts],
        }
        annotations = dict([*_targets(routing.spec), *_actions(routing, forwards)])
        return (child(routing.owner, API_VERSION, KIND, routing.owner.name, {"spec": body}, annotations),)

    def live(self, routing: Routing, children: Mapping[ObjectRef, Object]) -> Live | None:
        """What the live Ingress says. Its controller never tells which version of it the load balancer has."""
        live = children.get(routing.owner.ref(API_VERSION, KIND, routing.owner.name))
        if live is None:
            return None
        found = list(_read(live))
        return Live(
            weights=_highest(shares for conditional, shares in found if not conditional),
            known=frozenset(service for _, shares in found for service in shares),
            matched=frozenset(_highest(shares for conditional, shares in found if conditional)),
            confirmed=bool(addresses(live)),
            exact=not any(drift.differs(drift.stamped(wanted), live) for wanted in self.manifests(routing)),
        )

    def problem(self, routing: Routing, served: Iterable[tuple[str, str]], gateway_class: Object | None) -> str:
        """What the load balancer does not do, or another controller of the IngressClass."""
        expose = routing.spec.expose
        if expose is None or expose.ingress_class_name is None:
            return "provider ALB needs an Ingress: set spec.expose.ingressClassName, or use another provider"
        controller = gateway_class["spec"].get("controller", _CONTROLLER) if gateway_class else _CONTROLLER
        if controller != _CONTROLLER and not all(each.is_plain for each in _forwards(routing)):
            owned = f"IngressClass {expose.ingress_class_name} belongs to {controller}, which knows no weights"
            return f"{owned}: use provider Replicas, or a class of {_CONTROLLER}"
        return _impossible(routing)


def addresses(ingress: Object) -> list[str]:
    """Where the Ingress's load balancer answers: host names or IP addresses; none while there is none."""
    found = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [each.get("hostname") or each.get("ip") or "" for each in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forward:
    """Where requests go that are like `when` (None: all). `name` is that of its annotations."""

    name: str
    backends: tuple[Backend, ...]
    when: When | None = None

    @property
    def is_plain(self) -> bool:
        """Whether an Ingress says so without annotations."""
        return self.when is None and len(self.backends) == 1


def _forwards(routing: Routing) -> Iterator[_Forward]:
    """One for each A/B match, then one for all other requests. Clients are bound by stickiness, not by our cookie.

    Of equal paths the controller keeps the order, so that the matches come first.
    """
    name = routing.owner.name
    for rule in rules(replace(routing, cookie_max_age=0, mirror=0)):
        for number, when in enumerate(rule.when):
            yield _Forward(name=f"{name}-match-{number}", backends=rule.backends, when=when)
        if not rule.when:
            yield _Forward(name=name, backends=rule.backends)


def _path(path: PathRule, forward: _Forward, spec: MicroserviceSpec) -> dict[str, Any]:
    service: dict[str, Any] = {"name": forward.name, "port": {"name": _USE_ANNOTATION}}
    if forward.is_plain:
        service = {"name": forward.backends[0].service, "port": {"number": spec.ports[0].port}}
    return {"path": path.prefix, "pathType": "Prefix", "backend": {"service": service}}


def _targets(spec: MicroserviceSpec) -> Iterator[tuple[str, str]]:
    """How the load balancer reaches pods: by address, since Services have no node ports; health is readiness."""
    yield f"{_PREFIX}target-type", "ip"
    port, probe = spec.ports[0], spec.health.readiness
    if port.protocol in _PROTOCOL_VERSIONS:
        yield f"{_PREFIX}backend-protocol-version", port.protocol
    if probe is not None and probe.path is not None and port.protocol != "GRPC":
        yield f"{_PREFIX}healthcheck-path", probe.path
        yield f"{_PREFIX}success-codes", "200-399"
        if probe.port not in (None, port.port):
            yield f"{_PREFIX}healthcheck-port", str(probe.port)


def _actions(routing: Routing, forwards: Iterable[_Forward]) -> Iterator[tuple[str, str]]:
    for forward in forwards:
        if not forward.is_plain:
            yield f"{_PREFIX}actions.{forward.name}", names.canonical(_action(routing, forward))
        if forward.when is not None:
            yield f"{_PREFIX}conditions.{forward.name}", names.canonical([_condition(forward.when)])


def _action(routing: Routing, forward: _Forward) -> dict[str, Any]:
    port = routing.spec.ports[0].port
    groups = [{"serviceName": each.service, "servicePort": port, "weight": each.weight} for each in forward.backends]
    config: dict[str, Any] = {"targetGroups": groups}
    if routing.cookie_max_age and len(groups) > 1:
        config["targetGroupStickinessConfig"] = {"enabled": True, "durationSeconds": routing.cookie_max_age}
    return {"type": "forward", "forwardConfig": config}


def _condition(when: When) -> dict[str, Any]:
    """A cookie is looked for with wildcards, as the load balancer has no regular expressions for us.

    So a cookie is found also if its name only ends like the wanted one. More values would be more exact, but a rule
    may have five, of which host and path take three.
    """
    values = [when.value]
    if when.cookie:
        values = [f"*{when.cookie}={when.value}", f"*{when.cookie}={when.value};*"]
    config = {"httpHeaderName": when.header or "Cookie", "values": values}
    return {"field": "http-header", "httpHeaderConfig": config}


def _impossible(routing: Routing) -> str:
    if routing.mirror and routing.candidate:
        return "an Application Load Balancer copies no requests: choose another strategy, or provider GatewayAPI"
    if routing.matches and routing.cookie_max_age:
        return "an Application Load Balancer binds clients by weight only, not by A/B matches: leave affinity out"
    if routing.cookie_max_age > _MAX_STICKINESS:
        return f"an Application Load Balancer binds clients for at most {_MAX_STICKINESS} s: lower maxAge"
    for forward in _forwards(routing):
        if forward.when is not None and (wrong := _unmatchable(forward.when)):
            return wrong
    return ""


def _unmatchable(when: When) -> str:
    values = _condition(when)["httpHeaderConfig"]["values"]
    if any(character in f"{when.cookie}{when.value}" for character in "*?"):
        return f"an Application Load Balancer takes * and ? in {when.value!r} for wildcards: use another value"
    if len(when.header) > _MAX_HEADER_NAME or max(map(len, values)) > _MAX_HEADER_VALUE:
        limit = f"names of headers up to {_MAX_HEADER_NAME} and values up to {_MAX_HEADER_VALUE} characters"
        return f"an Application Load Balancer compares {limit}: shorten the match of {when.header or when.cookie!r}"
    return ""


def _read(ingress: Object) -> Iterator[tuple[bool, dict[str, int]]]:
    """For each path whether it is conditional, and percent by Service."""
    annotations = ingress["metadata"].get("annotations") or {}
    for rule in ingress["spec"].get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            service = path["backend"]["service"]
            name = service["name"]
            if service["port"].get("name") == _USE_ANNOTATION:
                yield f"{_PREFIX}conditions.{name}" in annotations, _shares(annotations.get(f"{_PREFIX}actions.{name}"))
            else:
                yield False, {name: 100}


def _shares(action: str | None) -> dict[str, int]:
    """Percent by Service of an action; nothing if somebody made it unreadable."""
    try:
        groups = json.loads(action or "{}")["forwardConfig"]["targetGroups"]
        weights = {group["serviceName"]: int(group.get("weight", 1)) for group in groups}
    except (ValueError, KeyError, TypeError):
        return {}
    total = sum(weights.values())
    return {service: round(100 * weight / total) if total else 0 for service, weight in weights.items()}


def _highest(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for shares in found:
        highest.update({service: max(share, highest.get(service, 0)) for service, share in shares.items() if share > 0})
    return highest
