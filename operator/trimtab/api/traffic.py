"""By what means traffic is divided between revisions."""

from typing import Literal

from pydantic import Field

from trimtab.api.meta import ApiModel
from trimtab.api.scalars import PositiveDuration

ProviderName = Literal["GatewayAPI", "Istio", "ALB", "Replicas"]


class AffinityCookie(ApiModel):
    """The cookie that keeps a client at its revision; a new release invalidates it."""

    max_age: PositiveDuration = Field(
        "1h", description="How long a client stays with the revision that it first met, at least 1s.", examples=["30m"]
    )


class Affinity(ApiModel):
    """Keeps each client at the revision that it first met."""

    cookie: AffinityCookie = Field(description="The cookie that does so; {} has the default age.")


class Traffic(ApiModel):
    """Who divides the traffic."""

    provider: ProviderName | None = Field(
        None,
        description="GatewayAPI: weights of an HTTPRoute or GRPCRoute. Istio: a VirtualService. ALB: actions of an "
        "Ingress. Replicas: the share of pods, without a router, for services with callers in the cluster only. "
        "Default: GatewayAPI for a Microservice that a Gateway exposes, ALB for one that an Ingress exposes, else "
        "Replicas.",
        examples=["GatewayAPI"],
    )
    affinity: Affinity | None = Field(
        None, description="Keeps each client at its revision; not with provider Replicas. Default: it does not."
    )
