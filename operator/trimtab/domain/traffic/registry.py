"""All providers of traffic control: the one place where they are named."""

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.traffic.gatewayapi import GatewayAPI
from trimtab.domain.traffic.provider import Provider
from trimtab.domain.traffic.replicas import Replicas

PROVIDERS: tuple[Provider, ...] = (
    GatewayAPI(),
    Replicas(),
)

KINDS: frozenset[tuple[str, str]] = frozenset().union(*(provider.kinds for provider in PROVIDERS))
"""(apiVersion, kind) of everything that any of them makes."""

_BY_NAME = {provider.name: provider for provider in PROVIDERS}


def provider(name: str) -> Provider:
    """The provider that spec.traffic.provider names. Raises KeyError for any other text."""
    return _BY_NAME[name]


def default(spec: MicroserviceSpec) -> Provider:
    """The provider that leads requests to an exposed service, and releases it unless another is asked for."""
    return provider("GatewayAPI" if spec.expose is not None and spec.ports else "Replicas")
