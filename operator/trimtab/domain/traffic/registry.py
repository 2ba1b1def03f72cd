"""All providers of traffic control: the one place where they are named."""

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object
from trimtab.domain.traffic.alb import ALB
from trimtab.domain.traffic.gatewayapi import GatewayAPI
from trimtab.domain.traffic.istio import Istio
from trimtab.domain.traffic.provider import Provider, Routing
from trimtab.domain.traffic.replicas import Replicas

PROVIDERS: tuple[Provider, ...] = (
    ALB(),
    GatewayAPI(),
    Istio(),
    Replicas(),
)

KINDS: frozenset[tuple[str, str]] = frozenset().union(*(provider.kinds for provider in PROVIDERS))
"""(apiVersion, kind) of everything that any of them makes."""

_BY_NAME = {provider.name: provider for provider in PROVIDERS}


def provider(name: str) -> Provider:
    """The provider that spec.traffic.provider names. Raises KeyError for any other text."""
    return _BY_NAME[name]


def knows(name: str) -> bool:
    """Whether there is a provider of that name: a newer operator may have ordered by one that this one lacks."""
    return name in _BY_NAME


def default(spec: MicroserviceSpec) -> Provider:
    """The provider that leads requests to an exposed service, and that releases it unless another is asked for."""
    if spec.expose is None or not spec.ports:
        return provider("Replicas")
    return provider("ALB" if spec.expose.ingress_class_name is not None else "GatewayAPI")


def objects(chosen: Provider, routing: Routing) -> tuple[Object, ...]:
    """Everything that leads requests to a service: what `chosen` makes of the routing, and the way in of `expose`.

    Where the way in belongs to another provider, it leads to the service's own address, which knows no candidate.
    """
    entrance = default(routing.spec)
    made = chosen.manifests(routing)
    if entrance is chosen:
        return made
    plain = Routing(owner=routing.owner, spec=routing.spec, stable=routing.owner.name)
    return (*made, *entrance.manifests(plain))
