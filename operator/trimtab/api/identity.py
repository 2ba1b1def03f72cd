"""As whom pods run: ServiceAccount, security context, labels and annotations."""

from pydantic import Field

from trimtab.api.meta import ApiModel
from trimtab.api.scalars import Annotations, Id, Labels, ObjectName


class ServiceAccount(ApiModel):
    """The ServiceAccount of the pods: one of our own, or an existing one by name."""

    name: ObjectName | None = Field(
        None,
        description="An existing ServiceAccount of the namespace, which stays as it is. "
        "Default: one is made, named as the Microservice.",
        examples=["orders-existing"],
    )
    annotations: Annotations = Field(
        default_factory=dict,
        description="Annotations of the ServiceAccount that is made. Default: none.",
        examples=[{"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/orders"}],
    )


class SecurityContext(ApiModel):
    """What can be said about the pods' security; the rest is the Pod Security Standard `restricted`."""

    run_as_user: Id | None = Field(None, description="User id, from 1. Default: the image's.", examples=[10001])
    run_as_group: Id | None = Field(None, description="Group id. Default: the image's.", examples=[10001])
    fs_group: Id | None = Field(
        None, description="Group that owns the files of volumes. Default: as the volume has it.", examples=[10001]
    )
    read_only_root_filesystem: bool = Field(
        False,
        description="Whether the containers' own file system is read-only; then mount an emptyDir where files are written.",
        examples=[True],
    )


class PodMetadata(ApiModel):
    """Labels and annotations that every pod of the service carries besides the operator's own."""

    labels: Labels = Field(default_factory=dict, description="Labels. Default: none.", examples=[{"team": "shop"}])
    annotations: Annotations = Field(
        default_factory=dict, description="Annotations. Default: none.", examples=[{"example.com/owner": "shop"}]
    )
