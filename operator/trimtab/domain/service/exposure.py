"""Whether the service is reached from outside: what the Gateway or the Ingress says about the route."""

from trimtab.api.exposure import GatewayReference
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.reasons import Reason
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity
from trimtab.domain.service.networkpolicy import gateway_peers
from trimtab.domain.service.observation import Observation
from trimtab.domain.status import Condition
from trimtab.domain.traffic import alb
from trimtab.domain.traffic.gatewayapi import INSTALL, Answer, answer_of, live_route
from trimtab.domain.traffic.gatewayroutes import route_kind


def entrance_kind(spec: MicroserviceSpec) -> str:
    """The kind of object that leads requests from outside to the service."""
    by_ingress = spec.expose is not None and spec.expose.ingress_class_name is not None
    return alb.KIND if by_ingress else route_kind(spec)


def exposed(owner: Identity, observation: Observation) -> Condition | None:
    """The condition Exposed, in the Gateway's own words where it has any; None for a service without `expose`."""
    expose = observation.spec.expose
    if expose is None:
        return None
    if expose.gateway is not None:
        return _by_gateway(owner, observation, expose.gateway)
    return _by_ingress(owner, observation, expose.ingress_class_name or "")


def _by_ingress(owner: Identity, observation: Observation, class_name: str) -> Condition:
    named = f"IngressClass {class_name}"
    ingress = observation.children.get(owner.ref(alb.API_VERSION, alb.KIND, owner.name))
    addresses = alb.addresses(ingress) if ingress is not None else []
    if not addresses:
        return _not(Reason.ROUTE_PENDING, f"{named} has not yet given the Ingress an address: see its controller's log")
    admitted = ", ".join(observation.settings.load_balancer_cidrs)
    rule = f"load balancers in {admitted}" if admitted else "whom spec.network.allowFrom names, and no load balancer"
    message = f"{named} leads {addresses[0]} to the service; the NetworkPolicy admits {rule}"
    return Condition(type="Exposed", status="True", reason=Reason.EXPOSED, message=message)


def _by_gateway(owner: Identity, observation: Observation, reference: GatewayReference) -> Condition:
    kind = route_kind(observation.spec)
    gateway = f"Gateway {reference.namespace or owner.namespace}/{reference.name}"
    if (GATEWAY_API_VERSION, kind) not in observation.served:
        return _not(Reason.API_NOT_INSTALLED, f"the cluster has no {kind}: {INSTALL}, or leave spec.expose out")
    route = live_route(owner, observation.spec, observation.children)
    answer = Answer() if route is None else answer_of(route, owner, observation.spec)
    if answer.refused:
        return _not(Reason.ROUTE_NOT_ACCEPTED, f"{gateway} does not take the {kind}: {answer.refused}")
    if answer.confirmed:
        _, rule = gateway_peers(owner, reference, observation.settings, observation.gateway)
        return Condition(
            type="Exposed",
            status="True",
            reason=Reason.EXPOSED,
            message=f"{gateway} accepted the {kind}; the NetworkPolicy admits {rule}",
        )
    missing = "" if observation.gateway else "; it was not found, so check spec.expose.gateway"
    return _not(Reason.ROUTE_PENDING, f"{gateway} has not yet said whether it takes the {kind}{missing}")


def _not(reason: Reason, message: str) -> Condition:
    return Condition(type="Exposed", status="False", reason=reason, message=message)
