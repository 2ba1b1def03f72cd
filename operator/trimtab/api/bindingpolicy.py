"""The BindingPolicy: what an administrator lets namespaces ask of AWS."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.arns import (
    ArnPattern,
    ExternalId,
    KmsKeyPattern,
    ListedRegion,
    NamePrefix,
    PolicyArn,
    RoleArn,
    RolePath,
)
from trimtab.api.backing import MEMBERS
from trimtab.api.meta import ApiModel, Rule, Text, TextMap, atomic, unique
from trimtab.api.placement import LabelSelector

Count = Annotated[int, Field(ge=0, le=10000)]

EXTERNAL = tuple(name for name, model in MEMBERS.items() if model.external)
_PER_SERVICE = TextMap(
    key=Text(max_length=32, pattern=f"^({'|'.join(EXTERNAL)})$", is_not=f"one of the services {', '.join(EXTERNAL)}"),
    value=Count,
    max_items=32,
)
ServiceName = Literal[EXTERNAL]  # type: ignore[valid-type]  # the members are found by their folder
IdentityMode = Literal["PodIdentity", "IRSA", "None"]


class WorkloadIdentity(ApiModel):
    """How workloads get their AWS identity."""

    rules: ClassVar = (
        Rule(
            rule="self.mode == 'None' || (has(self.permissionsBoundaryARN) && self.permissionsBoundaryARN != '')",
            message="mode %s needs permissionsBoundaryARN: without one, who may bind could make roles without bounds",
            values=("self.mode",),
            field_path=".permissionsBoundaryARN",
        ),
    )

    mode: IdentityMode = Field(
        "None",
        description="PodIdentity (EKS Pod Identity) or IRSA (a web identity of the cluster's OIDC issuer): one role "
        "per Microservice, with no more than its bindings need. None: workloads bring their own.",
        examples=["PodIdentity"],
    )
    role_path: RolePath = Field(
        "/trimtab/",
        description="IAM path of these roles, '/' at its beginning and end.",
        examples=["/trimtab/shop/"],
    )
    permissions_boundary_arn: PolicyArn = Field(
        "",
        alias="permissionsBoundaryARN",
        description="ARN of the permissions boundary of these roles. Default: none, as mode None demands.",
        examples=["arn:aws:iam::123456789012:policy/workloads"],
    )


class BindingPolicySpec(ApiModel):
    """Which namespaces may ask for which services, where, and with whose rights.

    What no policy permits is denied. Of several that permit a ServiceBinding, the first by name holds.
    """

    namespace_selector: LabelSelector = Field(
        description="Labels of the namespaces for which it holds; {} chooses every namespace.",
        examples=[{"matchLabels": {"team": "shop"}}],
    )
    services: Annotated[tuple[ServiceName, ...], unique(32, at_least=1)] = Field(
        description="Members of a ServiceBinding's spec that are permitted.", examples=[["sqs", "dynamodb"]]
    )
    regions: Annotated[tuple[ListedRegion, ...], atomic(32, at_least=1)] = Field(
        description="AWS regions that are permitted; the first is that of a ServiceBinding without one.",
        examples=[["eu-central-1"]],
    )
    role_arn: RoleArn = Field(
        alias="roleARN",
        description="ARN of the IAM role that is assumed for every call to AWS.",
        examples=["arn:aws:iam::123456789012:role/trimtab-shop"],
    )
    external_id: ExternalId = Field(
        "",
        alias="externalID",
        description="External id with which the role is assumed. Default: none.",
        examples=["cluster-7"],
    )
    name_prefix: NamePrefix = Field(
        description="Prefix of the names of everything that is made, by which the role's rights can be bounded: at "
        "most 24 lower-case letters, digits and single '-', '-' at the end. Leave it as it is once something was made.",
        examples=["shop-"],
    )
    deletion_policies: Annotated[tuple[Literal["Retain", "Delete", "Snapshot"], ...], unique(3, at_least=1)] = Field(
        ("Retain", "Delete"),
        description="Values of a ServiceBinding's deletionPolicy that are permitted. Default: Retain and Delete.",
        examples=[["Retain"]],
    )
    max_bindings: Count = Field(
        100, description="ServiceBindings in one namespace, 0 to 10000; the oldest count first.", examples=[20]
    )
    limits: Annotated[dict[str, Count], _PER_SERVICE] = Field(
        default_factory=dict,
        description="ServiceBindings of single services in one namespace, 0 to 10000. Default: none beside "
        "maxBindings.",
        examples=[{"dynamodb": 5}],
    )
    adoptable: Annotated[tuple[ArnPattern, ...], atomic(32)] = Field(
        (),
        description="Patterns of ARNs, with * and ?, of existing resources that a ServiceBinding may take over. "
        "Default: none.",
        examples=[["arn:aws:sqs:eu-central-1:123456789012:legacy-*"]],
    )
    kms_keys: Annotated[tuple[KmsKeyPattern, ...], atomic(32)] = Field(
        (),
        description="Patterns, with * and ?, of keys of AWS KMS that a ServiceBinding may name, as it names them. "
        "Default: none; AWS's own keys need no entry.",
        examples=[["alias/shop-*"]],
    )
    orphans: Literal["Report", "Delete"] = Field(
        "Report",
        description="What becomes of resources whose ServiceBinding is gone and that were not retained: Report lists "
        "them in status, Delete deletes those whose deletion was begun, if all BindingPolicies that reach them say so.",
        examples=["Delete"],
    )
    identity: WorkloadIdentity = Field(
        WorkloadIdentity(), description="How workloads get their AWS identity. Default: mode None."
    )
