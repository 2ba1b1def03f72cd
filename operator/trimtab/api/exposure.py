"""How a service is reached from outside the cluster."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, atomic, exactly_one_of, unique
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


_BY_GATEWAY_ONLY = (
    Rule(
        rule="!has(self.ingressClassName) || !has(self.paths) || !self.paths.exists(p, has(p.rewrite))",
        message="prefix %s is to be rewritten, which an Ingress cannot do: leave rewrite out, or use gateway",
        values=("self.paths.filter(p, has(p.rewrite))[0].prefix",),
        field_path=".paths",
    ),
    Rule(
        rule="!has(self.ingressClassName) || !has(self.timeout)",
        message="timeout %s is not for an Ingress, which has none: leave it out, or use gateway",
        values=("self.timeout",),
        field_path=".timeout",
    ),
)


class Expose(ApiModel):
    """A route to the first of spec.ports.

    With `gateway` an HTTPRoute, or a GRPCRoute if the port speaks GRPC; with `ingressClassName` an Ingress.
    """

    rules: ClassVar = (exactly_one_of("gateway", "ingressClassName"), *_BY_GATEWAY_ONLY)

    gateway: GatewayReference | None = Field(
        None, description="The Gateway to which the route is attached. Default: none; then set ingressClassName."
    )
    ingress_class_name: ObjectName | None = Field(
        None,
        description="The IngressClass that serves the Ingress, such as that of the AWS Load Balancer Controller. "
        "Default: none; then set gateway.",
        examples=["alb"],
    )
    hosts: Annotated[tuple[Hostname, ...], unique(16)] = Field(
        (),
        description="Host names of the service. Default: every host of the Gateway's listeners, or of the Ingress's "
        "load balancer.",
        examples=[["shop.example"]],
    )
    paths: Annotated[tuple[PathRule, ...], atomic(16), _DIFFERENT_PREFIXES] = Field(
        (),
        description="Paths of the service; not for GRPC. Default: every path.",
        examples=[[{"prefix": "/orders", "rewrite": "/"}]],
    )
    timeout: Duration | None = Field(
        None,
        description="Longest time for a request at the Gateway; not for GRPC, not with an Ingress. "
        "Default: the Gateway's own.",
        examples=["15s"],
    )
