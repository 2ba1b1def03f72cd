"""Whether the service is reached from outside: what the Gateway says about the route."""

from trimtab.api.exposure import Expose
from trimtab.api.reasons import Reason
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity
from trimtab.domain.service.networkpolicy import gateway_peers
from trimtab.domain.service.observation import Observation
from trimtab.domain.status import Condition
from trimtab.domain.traffic.gatewayapi import INSTALL, Answer, answer_of, live_route
from trimtab.domain.traffic.gatewayroutes import route_kind


def exposed(owner: Identity, observation: Observation, expose: Expose) -> Condition:
    """The condition Exposed, in the Gateway's own words where it has any."""
    kind = route_kind(observation.spec)
    gateway = f"Gateway {expose.gateway.namespace or owner.namespace}/{expose.gateway.name}"
    if (GATEWAY_API_VERSION, kind) not in observation.served:
        return _not(Reason.API_NOT_INSTALLED, f"the cluster has no {kind}: {INSTALL}, or leave spec.expose out")
    route = live_route(owner, observation.spec, observation.children)
    answer = Answer() if route is None else answer_of(route, owner, observation.spec)
    if answer.refused:
        return _not(Reason.ROUTE_NOT_ACCEPTED, f"{gateway} does not take the {kind}: {answer.refused}")
    if answer.confirmed:
        _, rule = gateway_peers(owner, expose.gateway, observation.settings, observation.gateway)
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
