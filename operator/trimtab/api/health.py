"""Probes, shutdown and availability."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, atomic, cel_string, exactly_one_of
from trimtab.api.scalars import DURATION, Argument, Duration, IntOrPercentage, PortNumber, ShortText, UrlPath


class GrpcProbe(ApiModel):
    """A call of the gRPC health checking protocol."""

    service: ShortText = Field(
        "", description="Service that is asked for; empty: the server as a whole.", examples=["orders"]
    )
    port: PortNumber | None = Field(
        None, description="Port, 1 to 65535. Default: the first of spec.ports.", examples=[9000]
    )


class TcpProbe(ApiModel):
    """A TCP connection."""

    port: PortNumber | None = Field(
        None, description="Port, 1 to 65535. Default: the first of spec.ports.", examples=[5432]
    )


class ExecProbe(ApiModel):
    """A command that succeeds with exit code 0."""

    command: Annotated[tuple[Argument, ...], atomic(64)] = Field(
        min_length=1, description="Command and arguments; no shell.", examples=[["/app/healthy"]]
    )


class Probe(ApiModel):
    """A check of the service's container: exactly one of path, grpc, tcp and exec."""

    rules: ClassVar = (
        exactly_one_of("path", "grpc", "tcp", "exec"),
        Rule(
            rule="!has(self.port) || has(self.path)",
            message="port %s belongs to path: write it inside grpc or tcp, as in tcp: {port: %s}",
            values=("self.port", "self.port"),
            field_path=".port",
        ),
        Rule(
            rule="self.timeoutSeconds <= self.periodSeconds",
            message="timeoutSeconds %s is above periodSeconds %s: lower it, or raise periodSeconds",
            values=("self.timeoutSeconds", "self.periodSeconds"),
            field_path=".timeoutSeconds",
        ),
    )

    path: UrlPath | None = Field(
        None, description="HTTP GET of this path; a status from 200 to 399 is success.", examples=["/readyz"]
    )
    port: PortNumber | None = Field(
        None,
        description="Port of the HTTP GET, 1 to 65535; only with path. Default: the first of spec.ports.",
        examples=[9090],
    )
    grpc: GrpcProbe | None = Field(None, description="A call of the gRPC health checking protocol.")
    tcp: TcpProbe | None = Field(None, description="A TCP connection.")
    exec: ExecProbe | None = Field(None, description="A command in the container.")
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        10, description="Seconds between two checks, 1 to 3600.", examples=[5]
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        1, description="Seconds after which a check counts as failed, 1 to 3600.", examples=[3]
    )
    failure_threshold: Annotated[int, Field(ge=1, le=10000)] = Field(
        3, description="Failures in a row that make the probe fail, 1 to 10000.", examples=[30]
    )


class Health(ApiModel):
    """How the kubelet sees whether a pod is well."""

    readiness: Probe | None = Field(
        None, description="A pod gets traffic while it succeeds. Default: a TCP connection to the first of spec.ports."
    )
    liveness: Probe | None = Field(
        None, description="The container is restarted when it fails. Default: none, then only its end restarts it."
    )
    startup: Probe | None = Field(
        None, description="The other two wait until it has succeeded once. Default: none; for slow starters."
    )


_DRAIN, _GRACE = (f"self.{name}.matches({cel_string(DURATION)})" for name in ("drain", "grace"))


class Shutdown(ApiModel):
    """How a pod ends."""

    rules: ClassVar = (
        Rule(
            rule=f"!{_DRAIN} || duration(self.drain) >= duration('2s')",
            message="drain %s is shorter than 2s, which callers need to learn that it leaves: write 2s or more",
            values=("self.drain",),
            field_path=".drain",
        ),
        Rule(
            rule=f"!{_DRAIN} || !{_GRACE} || duration(self.grace) >= duration(self.drain) + duration('5s')",
            message="grace %s is below drain %s + 5s, which the process needs to end: raise grace or lower drain",
            values=("self.grace", "self.drain"),
            field_path=".grace",
        ),
    )

    drain: Duration = Field(
        "10s",
        description="How long a pod that is to end goes on serving before its process gets SIGTERM, so that callers "
        "learn that it is leaving; at least 2s, rounded up to whole seconds.",
        examples=["15s"],
    )
    grace: Duration = Field(
        "30s",
        description="When the process is killed, counted from the beginning of the drain; at least drain + 5s.",
        examples=["60s"],
    )


class Availability(ApiModel):
    """What keeps the service up while nodes come and go."""

    spread: Literal["Zone", "Node", "None"] = Field(
        "Zone",
        description="Over what pods are spread as evenly as can be: Zone (and nodes in it), Node, or None.",
        examples=["Node"],
    )
    max_unavailable: IntOrPercentage = Field(
        1,
        description="How many pods a node drain may take away at once: a number from 1 or a percentage "
        "(PodDisruptionBudget).",
        examples=["25%"],
    )
