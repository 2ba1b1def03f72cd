"""Whether the service is reached from outside: what the Gateway says about the route."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.api.exposure import Expose
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity
from trimtab.domain.service.networkpolicy import gateway_peers
from trimtab.domain.service.observation import Observation
from trimtab.domain.status import Condition

INSTALL = "install the Gateway API (https://gateway-api.sigs.k8s.io/guides/) and an implementation of it"


def exposed(owner: Identity, observation: Observation, expose: Expose) -> Condition:
    """The condition Exposed, in the Gateway's own words where it has any."""
    kind = route_kind(observation.spec)
    gateway = f"Gateway {expose.gateway.namespace or owner.namespace}/{expose.gateway.name}"
    if (GATEWAY_API_VERSION, kind) not in observation.served:
        return _not(Reason.API_NOT_INSTALLED, f"the cluster has no {kind}: {INSTALL}, or leave spec.expose out")
    route = observation.children.get(owner.ref(GATEWAY_API_VERSION, kind, owner.name))
    said = [] if route is None else list(_said(route, expose, owner))
    refused = [condition for condition in said if condition["status"] == "False"]
    if refused:
        words = refused[0].get("message") or refused[0].get("reason", "")
        return _not(Reason.ROUTE_NOT_ACCEPTED, f"{gateway} does not take the {kind}: {words}")
    if {condition["type"] for condition in said if condition["status"] == "True"} >= {"Accepted", "ResolvedRefs"}:
        _, rule = gateway_peers(owner, expose.gateway, observation.settings, observation.gateway)
        return Condition(
            type="Exposed",
            status="True",
            reason=Reason.EXPOSED,
            message=f"{gateway} accepted the {kind}; the NetworkPolicy admits {rule}",
        )
    missing = "" if observation.gateway else "; it was not found, so check spec.expose.gateway"
    return _not(Reason.ROUTE_PENDING, f"{gateway} has not yet said whether it takes the {kind}{missing}")


def route_kind(spec: MicroserviceSpec) -> str:
    """The kind of route that leads to the first port."""
    return "GRPCRoute" if spec.ports and spec.ports[0].protocol == "GRPC" else "HTTPRoute"


def _not(reason: Reason, message: str) -> Condition:
    return Condition(type="Exposed", status="False", reason=reason, message=message)


def _said(route: Object, expose: Expose, owner: Identity) -> Iterator[Mapping[str, Any]]:
    """Conditions Accepted and ResolvedRefs that our Gateway's controller gave to this generation of the route."""
    generation = route["metadata"].get("generation", 0)
    for parent in (route.get("status") or {}).get("parents") or ():
        reference = parent["parentRef"]
        if reference["name"] != expose.gateway.name:
            continue
        if reference.get("namespace", owner.namespace) != (expose.gateway.namespace or owner.namespace):
            continue
        for condition in parent.get("conditions") or ():
            if (
                condition["type"] in ("Accepted", "ResolvedRefs")
                and condition.get("observedGeneration", 0) >= generation
            ):
                yield condition
