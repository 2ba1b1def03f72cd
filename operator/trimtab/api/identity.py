"""As whom pods run: ServiceAccount, security context, labels and annotations."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule
from trimtab.api.scalars import Annotations, GroupId, Labels, ObjectName, UserId


class ServiceAccount(ApiModel):
    """The ServiceAccount of the pods: one of our own, or an existing one by name."""

    rules: ClassVar = (
        Rule(
            rule="!has(self.name) || !has(self.annotations) || self.annotations.size() == 0",
            message="at most one of name and annotations may be set: annotate %s itself, or leave name out",
            values=("self.name",),
        ),
    )

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

    run_as_user: UserId | None = Field(None, description="User id, from 1. Default: the image's.", examples=[10001])
    run_as_group: GroupId | None = Field(None, description="Group id. Default: the image's.", examples=[10001])
    fs_group: GroupId | None = Field(
        None, description="Group that owns the files of volumes. Default: as the volume has it.", examples=[10001]
    )
    read_only_root_filesystem: bool = Field(
        False,
        description="Whether the containers' own file system is read-only; then mount an emptyDir where files are "
        "written.",
        examples=[True],
    )


_FREE = "!key.startsWith('trimtab.dev/') && !key.startsWith('app.kubernetes.io/') && key != 'pod-template-hash'"
_OWN_KEYS = Rule(
    rule=f"self.all(key, {_FREE})",
    message="'%s' is reserved, as trimtab.dev/ and app.kubernetes.io/ are: use your own domain, as example.com/team",
    values=(f"self.filter(key, !({_FREE}))[0]",),
)


class PodMetadata(ApiModel):
    """Labels and annotations that every pod of the service carries besides the operator's own."""

    labels: Annotated[Labels, _OWN_KEYS] = Field(
        default_factory=dict, description="Labels. Default: none.", examples=[{"team": "shop"}]
    )
    annotations: Annotated[Annotations, _OWN_KEYS] = Field(
        default_factory=dict, description="Annotations. Default: none.", examples=[{"example.com/owner": "shop"}]
    )
