"""How a service is reached from outside the cluster."""

from typing import Annotated

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, atomic, unique
from trimtab.api.scalars import Duration, Hostname, Name, ObjectName, UrlPath


class GatewayReference(ApiModel):
    """A Gateway of the Gateway API."""

    name: ObjectName = Field(description="Name of the Gateway.", examples=["public"])
    namespace: Name | None = Field(
        None,
        description="Namespace of the Gateway, whose listeners say which namespaces may attach. "
        "Default: that of the Microservice.",
        examples=["infra"],
    )
    section_name: ObjectName | None = Field(
        None, description="Name of one listener of the Gateway. Default: all that admit the route.", examples=["https"]
    )


class PathRule(ApiModel):
    """A part of the URL space that belongs to the service."""

    prefix: UrlPath = Field(
        description="Path prefix, matched by whole segments: /orders matches /orders and /orders/1.",
        examples=["/orders"],
    )
    rewrite: UrlPath | None = Field(
        None, description="What the prefix becomes before the service sees it. Default: it is kept.", examples=["/"]
    )


_DIFFERENT_PREFIXES = Rule(
    rule="self.all(p, self.exists_one(q, q.prefix == p.prefix))",
    message="prefix %s is given twice: leave one out",
    values=("self.filter(p, !self.exists_one(q, q.prefix == p.prefix))[0].prefix",),
)


class Expose(ApiModel):
    """An HTTPRoute, or a GRPCRoute if the first port speaks GRPC, to the first of spec.ports."""

    gateway: GatewayReference = Field(description="The Gateway to which the route is attached.")
    hosts: Annotated[tuple[Hostname, ...], unique(16)] = Field(
        (),
        description="Host names of the service. Default: every host of the Gateway's listeners.",
        examples=[["shop.example"]],
    )
    paths: Annotated[tuple[PathRule, ...], atomic(16), _DIFFERENT_PREFIXES] = Field(
        (),
        description="Paths of the service; not for GRPC. Default: every path.",
        examples=[[{"prefix": "/orders", "rewrite": "/"}]],
    )
    timeout: Duration | None = Field(
        None,
        description="Longest time for a request at the Gateway; not for GRPC. Default: the Gateway's own.",
        examples=["15s"],
    )
