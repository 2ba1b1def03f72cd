"""Volumes and files of a service."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.containers import ResourceFieldSelector
from trimtab.api.meta import ApiModel, Text, TextMap, atomic, exactly_one_of
from trimtab.api.scalars import (
    DataKey,
    DataKeyText,
    FileContent,
    FileMode,
    FilePath,
    ObjectName,
    Quantity,
    RelativePath,
    ShortText,
    VolumeName,
)


class Config(ApiModel):
    """Configuration files of the service, kept in a ConfigMap of its own."""

    data: Annotated[dict[str, str], TextMap(key=DataKey, value=FileContent, max_items=128)] = Field(
        description="File names and their contents, up to 256 KiB each and less than 1 MiB together.",
        examples=[{"FEATURE_X": "on"}],
    )
    mount_path: FilePath = Field(
        description="Absolute path of the directory in which the container finds the files.", examples=["/etc/orders"]
    )
    on_change: Literal["Rollout", "Ignore"] = Field(
        "Rollout",
        description="What a changed file does. Rollout: an immutable ConfigMap named by its content, so a change is a "
        "new revision and is undone with it. Ignore: one ConfigMap, changed in place; the files follow within two "
        "minutes and no pod restarts.",
        examples=["Ignore"],
    )


class EmptyDir(ApiModel):
    """An empty directory that lives as long as the pod."""

    medium: Literal["", "Memory"] = Field(
        "",
        description="Empty: the node's disk. Memory: a RAM disk, counted as the container's memory.",
        examples=["Memory"],
    )
    size_limit: Quantity | None = Field(
        None, description="Most bytes it may hold; above it the pod is evicted. Default: no limit.", examples=["64Mi"]
    )


class KeyToPath(ApiModel):
    """A key of a Secret or ConfigMap and the file in which its value stands."""

    key: DataKeyText = Field(description="The key.", examples=["tls.crt"])
    path: RelativePath = Field(description="Path of the file, relative to the volume.", examples=["certs/tls.crt"])
    mode: FileMode | None = Field(
        None, description="Permissions of the file, 0 to 0777. Default: those of the volume.", examples=[256]
    )


_ITEMS_EXAMPLE = [[{"key": "tls.crt", "path": "certs/tls.crt"}]]


class ConfigMapVolume(ApiModel):
    """The keys of a ConfigMap as files."""

    name: ObjectName = Field(description="Name of the ConfigMap, in the same namespace.", examples=["orders-config"])
    items: Annotated[tuple[KeyToPath, ...], atomic(12)] = Field(
        (),
        description="Which keys become which files. Default: every key, a file of its name.",
        examples=_ITEMS_EXAMPLE,
    )
    default_mode: FileMode = Field(
        0o644, description="Permissions of the files, 0 to 0777 (420 = 0644).", examples=[256]
    )
    optional: bool = Field(False, description="Whether the ConfigMap may be absent.", examples=[True])


class SecretVolume(ApiModel):
    """The keys of a Secret as files."""

    secret_name: ObjectName = Field(description="Name of the Secret, in the same namespace.", examples=["orders-tls"])
    items: Annotated[tuple[KeyToPath, ...], atomic(12)] = Field(
        (),
        description="Which keys become which files. Default: every key, a file of its name.",
        examples=_ITEMS_EXAMPLE,
    )
    default_mode: FileMode = Field(
        0o644, description="Permissions of the files, 0 to 0777 (420 = 0644).", examples=[256]
    )
    optional: bool = Field(False, description="Whether the Secret may be absent.", examples=[True])


class PersistentVolumeClaimVolume(ApiModel):
    """An existing PersistentVolumeClaim."""

    claim_name: ObjectName = Field(
        description="Name of the PersistentVolumeClaim, in the same namespace.", examples=["orders-data"]
    )


class ProjectedObject(ApiModel):
    """A Secret or ConfigMap inside a projected volume."""

    name: ObjectName = Field(description="Name of the object, in the same namespace.", examples=["orders-tls"])
    items: Annotated[tuple[KeyToPath, ...], atomic(12)] = Field(
        (),
        description="Which keys become which files. Default: every key, a file of its name.",
        examples=_ITEMS_EXAMPLE,
    )
    optional: bool = Field(False, description="Whether the object may be absent.", examples=[True])


FileFieldPath = Annotated[
    str,
    Text(
        max_length=317,
        pattern=r"^metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[^']+'\])$",
        is_not="a field of the pod that a file can have: write one such as metadata.labels or metadata.name",
    ),
]


class FileFieldSelector(ApiModel):
    """A field of the pod, for a file."""

    field_path: FileFieldPath = Field(
        description="Path of the field: metadata.name, metadata.namespace, metadata.uid, metadata.labels, "
        "metadata.annotations, metadata.labels['key'] or metadata.annotations['key'].",
        examples=["metadata.labels"],
    )


class DownwardFile(ApiModel):
    """A file with a field of the pod: exactly one of fieldRef and resourceFieldRef."""

    rules: ClassVar = (exactly_one_of("fieldRef", "resourceFieldRef"),)

    path: RelativePath = Field(description="Path of the file, relative to the volume.", examples=["labels"])
    field_ref: FileFieldSelector | None = Field(None, description="A field of the pod.")
    resource_field_ref: ResourceFieldSelector | None = Field(None, description="A request or limit of a container.")
    mode: FileMode | None = Field(
        None, description="Permissions of the file, 0 to 0777. Default: those of the volume.", examples=[256]
    )


class DownwardApi(ApiModel):
    """Fields of the pod as files."""

    items: Annotated[tuple[DownwardFile, ...], atomic(12)] = Field(
        description="The files.", examples=[[{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]]
    )


class ServiceAccountToken(ApiModel):
    """A token of the pod's ServiceAccount, renewed by the kubelet."""

    path: RelativePath = Field(description="Path of the file, relative to the volume.", examples=["token"])
    audience: ShortText | None = Field(
        None, description="Whom the token is for. Default: the API server.", examples=["vault"]
    )
    expiration_seconds: Annotated[int, Field(ge=600, le=86400)] = Field(
        3600, description="Life of a token in seconds, 600 to 86400.", examples=[7200]
    )


class Projection(ApiModel):
    """A part of a projected volume: exactly one of the members."""

    rules: ClassVar = (exactly_one_of("configMap", "secret", "downwardAPI", "serviceAccountToken"),)

    config_map: ProjectedObject | None = Field(None, description="Keys of a ConfigMap.")
    secret: ProjectedObject | None = Field(None, description="Keys of a Secret.")
    downward_api: DownwardApi | None = Field(None, alias="downwardAPI", description="Fields of the pod.")
    service_account_token: ServiceAccountToken | None = Field(None, description="A token of the pod's ServiceAccount.")


class ProjectedVolume(ApiModel):
    """Several sources in one directory."""

    sources: Annotated[tuple[Projection, ...], atomic(8)] = Field(
        description="What the directory holds.", examples=[[{"secret": {"name": "orders-tls"}}]]
    )
    default_mode: FileMode = Field(
        0o644, description="Permissions of the files, 0 to 0777 (420 = 0644).", examples=[256]
    )


class Volume(ApiModel):
    """A volume and where the service's container sees it: exactly one source."""

    rules: ClassVar = (exactly_one_of("emptyDir", "configMap", "secret", "persistentVolumeClaim", "projected"),)

    name: VolumeName = Field(
        description="Name of the volume; names that begin with trimtab- are reserved.", examples=["cache"]
    )
    mount_path: FilePath = Field(description="Absolute path in the container.", examples=["/var/cache"])
    read_only: bool = Field(False, description="Whether the container may only read it.", examples=[True])
    sub_path: RelativePath | None = Field(
        None, description="Path inside the volume that is mounted. Default: the volume's root.", examples=["data"]
    )
    empty_dir: EmptyDir | None = Field(None, description="An empty directory that lives as long as the pod.")
    config_map: ConfigMapVolume | None = Field(None, description="The keys of a ConfigMap as files.")
    secret: SecretVolume | None = Field(None, description="The keys of a Secret as files.")
    persistent_volume_claim: PersistentVolumeClaimVolume | None = Field(
        None, description="An existing PersistentVolumeClaim."
    )
    projected: ProjectedVolume | None = Field(None, description="Several sources in one directory.")
