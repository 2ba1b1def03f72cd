"""The Microservice: one service and all that runs, protects and exposes it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.containers import EnvFrom, EnvVar, InitContainer, Resources, Sidecar
from trimtab.api.exposure import Expose
from trimtab.api.health import Availability, Health, Shutdown
from trimtab.api.identity import PodMetadata, SecurityContext, ServiceAccount
from trimtab.api.jobs import Job
from trimtab.api.meta import ApiModel, atomic, keyed, unique
from trimtab.api.microservice_rules import SPEC_RULES
from trimtab.api.network import Network
from trimtab.api.placement import Placement
from trimtab.api.resilience import Resilience
from trimtab.api.scalars import Argument, Image, ListenPort, ObjectName, PortName, PullPolicy
from trimtab.api.scaling import Scaling
from trimtab.api.volumes import Config, Volume


class Port(ApiModel):
    """A port on which the service's container listens, and the port of its Service."""

    name: PortName = Field(
        description="Name of the port, at most 15 characters; names that begin with trimtab- are reserved.",
        examples=["http"],
    )
    port: ListenPort = Field(description="Number of the port, 1 to 65535; 15000-15999 are reserved.", examples=[8080])
    protocol: Literal["HTTP", "HTTP2", "GRPC", "TCP"] = Field(
        "HTTP",
        description="What is spoken on the port: HTTP (1.1), HTTP2 (without TLS), GRPC or TCP.",
        examples=["GRPC"],
    )


DEFAULT_PORTS = (Port(name="http", port=8080),)


class MicroserviceSpec(ApiModel):
    """What a service is to be. Only `image` is required; each field says what its absence means."""

    # Lists and objects have their defaults here and not in the CRD: what is absent in a manifest stays absent in the
    # cluster, so that Git and cluster agree.

    rules: ClassVar = SPEC_RULES

    image: Image = Field(
        description="Image of the service's container, by tag or digest.", examples=["registry.example/orders:1.4.2"]
    )
    image_pull_policy: PullPolicy | None = Field(
        None,
        description="When the image is pulled: Always, IfNotPresent or Never. "
        "Default: Always for the tag latest or none, else IfNotPresent.",
        examples=["IfNotPresent"],
    )
    image_pull_secrets: Annotated[tuple[ObjectName, ...], unique(16)] = Field(
        (), description="Names of Secrets with registry credentials. Default: none.", examples=[["registry-login"]]
    )
    command: Annotated[tuple[Argument, ...], atomic(64)] = Field(
        (), description="Replaces the image's entrypoint. Default: the image's.", examples=[["/app/orders"]]
    )
    args: Annotated[tuple[Argument, ...], atomic(256)] = Field(
        (), description="Replaces the image's arguments. Default: the image's.", examples=[["--verbose"]]
    )
    ports: Annotated[tuple[Port, ...], keyed(16, "name")] = Field(
        DEFAULT_PORTS,
        description="Ports on which the container listens and the Service answers. [] is a worker: no Service. "
        "Default: one HTTP port 8080 named http.",
        examples=[[{"name": "http", "port": 8080, "protocol": "HTTP"}]],
    )
    env: Annotated[tuple[EnvVar, ...], keyed(256, "name")] = Field(
        (), description="Environment variables. Default: none.", examples=[[{"name": "LOG_LEVEL", "value": "info"}]]
    )
    env_from: Annotated[tuple[EnvFrom, ...], atomic(16)] = Field(
        (),
        description="Secrets and ConfigMaps whose keys become variables; env wins over them. Default: none.",
        examples=[[{"secretRef": {"name": "orders-env"}}]],
    )
    config: Config | None = Field(
        None, description="Configuration files, kept in a ConfigMap of its own. Default: none."
    )
    volumes: Annotated[tuple[Volume, ...], keyed(16, "name")] = Field(
        (),
        description="Volumes and where the container sees them. Default: none.",
        examples=[[{"name": "cache", "emptyDir": {}, "mountPath": "/var/cache"}]],
    )
    resources: Resources = Field(
        Resources(),
        description="Requests and limits of the container. "
        "Default: requests of cpu 100m and memory 128Mi for what has neither request nor limit.",
    )
    replicas: Annotated[int, Field(ge=0, le=10000)] | None = Field(
        None,
        description="Number of pods, 0 to 10000 (`kubectl scale`). With `scaling` it belongs to the autoscaler: leave "
        "it out. Default: 1.",
        examples=[2],
    )
    scaling: Scaling | None = Field(None, description="Automatic scaling. Default: none, then replicas holds.")
    health: Health = Field(
        Health(), description="Probes. Default: readiness by a TCP connection to the first port, no liveness."
    )
    shutdown: Shutdown = Field(Shutdown(), description="How a pod ends. Default: drain 10s, grace 30s.")
    availability: Availability = Field(
        Availability(),
        description="What keeps the service up while nodes come and go. Default: spread Zone, maxUnavailable 1.",
    )
    placement: Placement = Field(Placement(), description="On which nodes pods run. Default: on any.")
    service_account: ServiceAccount = Field(
        ServiceAccount(), description="ServiceAccount of the pods. Default: one is made, named as the Microservice."
    )
    security_context: SecurityContext = Field(
        SecurityContext(), description="Users and groups of the pods. Default: the image's; root is refused."
    )
    pod_metadata: PodMetadata = Field(
        PodMetadata(), description="Further labels and annotations of the pods. Default: none."
    )
    init_containers: Annotated[tuple[InitContainer, ...], keyed(8, "name")] = Field(
        (),
        description="Plain containers that run to their end, in order, before the service starts. Default: none.",
        examples=[[{"name": "wait", "image": "registry.example/wait:1.0"}]],
    )
    sidecars: Annotated[tuple[Sidecar, ...], keyed(8, "name")] = Field(
        (),
        description="Plain containers that run beside the service in each pod. Default: none.",
        examples=[[{"name": "exporter", "image": "registry.example/exporter:1.0"}]],
    )
    jobs: Annotated[tuple[Job, ...], keyed(32, "name")] = Field(
        (),
        description="Admin processes: migrations, scheduled and on-demand jobs. Default: none.",
        examples=[[{"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"]}]],
    )
    network: Network = Field(
        Network(),
        description="Who may talk to the service and to whom it may talk. Default: nobody may, it may to everybody.",
    )
    expose: Expose | None = Field(None, description="How it is reached from outside the cluster. Default: it is not.")
    resilience: Resilience | None = Field(
        None,
        description="Limits on what comes in, kept by a proxy (Envoy) in each pod. "
        "Default: none, and a proxy only where a CanaryRelease needs one.",
        examples=[{"timeout": "2s", "maxConnections": 100}],
    )
    suspend: bool = Field(
        False, description="Whether the operator leaves everything of the service as it is.", examples=[True]
    )
