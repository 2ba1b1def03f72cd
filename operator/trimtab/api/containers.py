"""Containers: environment, mounts, resources, and the plain containers beside the service's own."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, Text, TextMap, atomic, exactly_one_of, keyed
from trimtab.api.scalars import (
    Argument,
    ContainerName,
    DataKeyText,
    EnvName,
    EnvPrefix,
    FilePath,
    GroupId,
    Image,
    ListenPort,
    LongText,
    Name,
    ObjectName,
    PortName,
    PullPolicy,
    Quantity,
    RelativePath,
    UserId,
)
from trimtab.api.scalars import LabelKey as ResourceName

_KNOWN_RESOURCE = "r in ['cpu', 'memory', 'ephemeral-storage'] || r.startsWith('hugepages-') || r.contains('/')"
FieldPath = Annotated[
    str,
    Text(
        max_length=317,
        pattern=r"^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)"
        r"|status\.(hostIPs?|podIPs?))$",
        is_not="a field of the pod that a variable can have: write one such as metadata.name or status.podIP",
    ),
]
ResourceField = Annotated[
    str,
    Text(
        max_length=253,
        pattern=r"^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-[0-9A-Za-z]+)$",
        is_not="a request or limit: write one such as limits.memory or requests.cpu",
    ),
]


class KeySelector(ApiModel):
    """One key of a Secret or ConfigMap in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.", examples=["orders-db"])
    key: DataKeyText = Field(description="Key whose value is used.", examples=["password"])
    optional: bool = Field(False, description="Whether the object or the key may be absent.", examples=[True])


class FieldSelector(ApiModel):
    """A field of the pod."""

    field_path: FieldPath = Field(
        description="Path of the field: metadata.name, metadata.namespace, metadata.uid, metadata.labels['key'], "
        "metadata.annotations['key'], spec.nodeName, spec.serviceAccountName, status.hostIP(s) or status.podIP(s).",
        examples=["metadata.name"],
    )


class ResourceFieldSelector(ApiModel):
    """A resource request or limit of a container."""

    resource: ResourceField = Field(description="The request or limit.", examples=["limits.memory"])
    container_name: Name | None = Field(
        None, description="Container of the pod. Default: the container itself.", examples=["app"]
    )
    divisor: Quantity | None = Field(
        None, description="Unit in which the value is given. Default: 1.", examples=["1Mi"]
    )


class EnvSource(ApiModel):
    """Where the value of an environment variable comes from: exactly one of the members."""

    rules: ClassVar = (exactly_one_of("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef"),)

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret in the same namespace.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap in the same namespace.")
    field_ref: FieldSelector | None = Field(None, description="A field of the pod.")
    resource_field_ref: ResourceFieldSelector | None = Field(None, description="A request or limit of a container.")


class EnvVar(ApiModel):
    """An environment variable: a name and exactly one of value and valueFrom."""

    rules: ClassVar = (exactly_one_of("value", "valueFrom"),)

    name: EnvName = Field(description="Name of the variable; TRIMTAB_ is reserved.", examples=["LOG_LEVEL"])
    value: LongText | None = Field(
        None,
        description="The value; $(OTHER) is replaced by the value of a variable that stands before it. "
        "Default: none, then valueFrom gives it.",
        examples=["info"],
    )
    value_from: EnvSource | None = Field(
        None, description="Where the value comes from. Default: none, then value is it."
    )


class ObjectReference(ApiModel):
    """A Secret or ConfigMap in the same namespace."""

    name: ObjectName = Field(description="Name of the object.", examples=["orders-env"])
    optional: bool = Field(False, description="Whether the object may be absent.", examples=[True])


class EnvFrom(ApiModel):
    """Every key of an object as environment variables: exactly one of configMapRef and secretRef."""

    rules: ClassVar = (exactly_one_of("configMapRef", "secretRef"),)

    prefix: EnvPrefix = Field("", description="Put before each key.", examples=["DB_"])
    config_map_ref: ObjectReference | None = Field(None, description="A ConfigMap in the same namespace.")
    secret_ref: ObjectReference | None = Field(None, description="A Secret in the same namespace.")


Quantities = Annotated[
    dict[str, str],
    TextMap(key=ResourceName, value=Quantity, max_items=16),
    Rule(
        rule=f"self.all(r, {_KNOWN_RESOURCE})",
        message="'%s' is no resource: use cpu, memory, ephemeral-storage, hugepages-<size> or <domain>/<name>",
        values=(f"self.filter(r, !({_KNOWN_RESOURCE}))[0]",),
    ),
]


class Resources(ApiModel):
    """What a container asks of its node (requests) and may use at most (limits)."""

    requests: Quantities = Field(
        default_factory=dict,
        description="What is reserved, by resource: cpu in cores (m = thousandths), memory and ephemeral-storage in "
        "bytes (Mi, Gi), or an extended resource. Default: nothing.",
        examples=[{"cpu": "100m", "memory": "128Mi"}],
    )
    limits: Quantities = Field(
        default_factory=dict,
        description="What may be used at most, in the units of requests; above its memory limit a container is ended. "
        "Default: no limit.",
        examples=[{"memory": "256Mi"}],
    )


class VolumeMount(ApiModel):
    """One of spec.volumes, seen from an additional container."""

    name: Name = Field(description="Name of the entry of spec.volumes.", examples=["cache"])
    mount_path: FilePath = Field(description="Absolute path in the container.", examples=["/var/cache"])
    read_only: bool = Field(False, description="Whether the container may only read it.", examples=[True])
    sub_path: RelativePath | None = Field(
        None, description="Path inside the volume that is mounted. Default: the volume's root.", examples=["data"]
    )


class ContainerSecurity(ApiModel):
    """What an additional container has of its own; the rest is as for the service, and `restricted`."""

    run_as_user: UserId | None = Field(
        None,
        description="User id, from 1. Default: spec.securityContext.runAsUser, else the image's.",
        examples=[10001],
    )
    run_as_group: GroupId | None = Field(
        None, description="Group id. Default: spec.securityContext.runAsGroup, else the image's.", examples=[10001]
    )
    read_only_root_filesystem: bool | None = Field(
        None,
        description="Whether the container's own file system is read-only. "
        "Default: spec.securityContext.readOnlyRootFilesystem.",
        examples=[True],
    )


class InitContainer(ApiModel):
    """A plain container that runs to its end before the service starts."""

    name: ContainerName = Field(
        description="Name of the container; app and names that begin with trimtab- are reserved.", examples=["wait"]
    )
    image: Image = Field(description="Image of the container.", examples=["registry.example/tool:1.0"])
    image_pull_policy: PullPolicy | None = Field(
        None,
        description="When the image is pulled: Always, IfNotPresent or Never. "
        "Default: Always for the tag latest or none, else IfNotPresent.",
        examples=["IfNotPresent"],
    )
    command: Annotated[tuple[Argument, ...], atomic(64)] = Field(
        (), description="Replaces the image's entrypoint. Default: the image's.", examples=[["/bin/tool"]]
    )
    args: Annotated[tuple[Argument, ...], atomic(256)] = Field(
        (), description="Replaces the image's arguments. Default: the image's.", examples=[["--verbose"]]
    )
    env: Annotated[tuple[EnvVar, ...], keyed(64, "name")] = Field(
        (), description="Environment variables. Default: none.", examples=[[{"name": "LOG_LEVEL", "value": "info"}]]
    )
    env_from: Annotated[tuple[EnvFrom, ...], atomic(16)] = Field(
        (),
        description="Secrets and ConfigMaps whose keys become variables; env wins over them. Default: none.",
        examples=[[{"secretRef": {"name": "orders-env"}}]],
    )
    resources: Resources = Field(Resources(), description="Requests and limits. Default: none.")
    volume_mounts: Annotated[tuple[VolumeMount, ...], keyed(16, "mountPath")] = Field(
        (),
        description="Which of spec.volumes the container sees, and where. Default: none.",
        examples=[[{"name": "cache", "mountPath": "/var/cache"}]],
    )
    security_context: ContainerSecurity = Field(
        ContainerSecurity(), description="What differs from spec.securityContext. Default: nothing."
    )


class SidecarPort(ApiModel):
    """A port on which a sidecar listens. It gets a name in the pod, no Service."""

    name: PortName = Field(description="Name of the port, at most 15 characters.", examples=["metrics"])
    port: ListenPort = Field(description="Number of the port, 1 to 65535; 15000-15999 are reserved.", examples=[9102])


class Sidecar(InitContainer):
    """A plain container that runs beside the service in each of its pods."""

    ports: Annotated[tuple[SidecarPort, ...], keyed(8, "name")] = Field(
        (),
        description="Ports on which the sidecar listens. Default: none.",
        examples=[[{"name": "metrics", "port": 9102}]],
    )
