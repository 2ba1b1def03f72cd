"""How a service is kept from being overrun."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, cel_string
from trimtab.api.scalars import DURATION, Duration

_Limit = Annotated[int, Field(ge=1, le=1000000)]


class RateLimit(ApiModel):
    """How many requests each pod takes."""

    requests_per_second: _Limit = Field(
        description="Requests a second that a pod takes on each HTTP, HTTP2 or GRPC port, 1 to 1000000, with bursts of "
        "as many; further ones are answered with 429 (GRPC: RESOURCE_EXHAUSTED). While a release shifts traffic by a "
        "route, what comes by the route and what comes by the service's address count apart.",
        examples=[200],
    )


class Resilience(ApiModel):
    """Limits on what comes in, kept by a proxy (Envoy) in each pod; with this field, even empty, pods have one."""

    rules: ClassVar = (
        Rule(
            rule=f"!has(self.timeout) || !self.timeout.matches({cel_string(DURATION)}) || "
            "duration(self.timeout) >= duration('1ms')",
            message="timeout %s lets no request through: write 1ms or more, or leave it out for no limit",
            values=("self.timeout",),
            field_path=".timeout",
        ),
        Rule(
            rule="!has(self.maxPending) || has(self.maxConnections)",
            message="maxPending needs maxConnections, without which nothing waits: add it, or leave maxPending out",
            field_path=".maxPending",
        ),
    )

    timeout: Duration | None = Field(
        None,
        description="Longest time from a request's end to its response's end; then the answer is 504 (GRPC: "
        "UNAVAILABLE). Not for TCP ports. Default: no limit.",
        examples=["2s"],
    )
    max_connections: _Limit | None = Field(
        None,
        description="Per pod and port, how many requests the container works on at once (TCP: connections), 1 to "
        "1000000. On HTTP ports further requests wait, on HTTP2 and GRPC ports they are answered with 503 "
        "(UNAVAILABLE), on TCP ports connections are closed. Default: no limit.",
        examples=[100],
    )
    max_pending: Annotated[int, Field(ge=0, le=1000000)] | None = Field(
        None,
        description="Per pod and HTTP port, how many requests may wait for one of maxConnections, 0 to 1000000; "
        "further ones are answered with 503. Those for which a connection is just being opened wait besides. "
        "Default: no limit.",
        examples=[50],
    )
    rate_limit: RateLimit | None = Field(None, description="Limit on requests a second. Default: none.")
