"""What the operator says about a BindingPolicy."""

from typing import Annotated

from pydantic import Field

from trimtab.api.meta import Text, atomic, keyed
from trimtab.api.scalars import ShortText, Timestamp
from trimtab.api.status import Condition, Count, StatusModel


class TaggedResource(StatusModel):
    """A resource in AWS that carries this cluster's tags, but has no ServiceBinding."""

    arn: Annotated[str, Text(max_length=2048)] = Field(
        description="ARN.", examples=["arn:aws:sqs:eu-central-1:123456789012:shop-shop-orders-in-g5tme2hiyb"]
    )
    namespace: ShortText = Field("", description="Namespace of its ServiceBinding.", examples=["shop"])
    binding: ShortText = Field("", description="Name of its ServiceBinding.", examples=["orders-in"])
    deletion_policy: ShortText = Field("", description="Deletion policy that it was made with.", examples=["Retain"])
    since: Timestamp | None = Field(
        None,
        description="When it was found, or retained (RFC 3339). Default: unknown.",
        examples=["2026-01-02T03:04:05Z"],
    )


class BindingPolicyStatus(StatusModel):
    """The observed state of a policy."""

    observed_generation: Annotated[int, Field(ge=-1)] = Field(
        -1, description="The metadata.generation that this status is about; -1: none yet.", examples=[3]
    )
    conditions: Annotated[tuple[Condition, ...], keyed(16, "type")] = Field(
        (),
        description="Ready always; Reconciling and Stalled while True; PermissionsMissing while the role lacks rights. "
        "Default: none yet.",
    )
    account: Annotated[str, Text(max_length=12)] = Field(
        "", description="AWS account of the role.", examples=["123456789012"]
    )
    bindings: Count = Field(0, description="ServiceBindings that it permits.", examples=[12])
    missing_actions: Annotated[tuple[ShortText, ...], atomic(64)] = Field(
        (), description="Rights that the role lacks; the first 64. Default: none.", examples=[["sqs:TagQueue"]]
    )
    orphans: Annotated[tuple[TaggedResource, ...], atomic(100)] = Field(
        (), description="Resources whose ServiceBinding is gone; the first 100. Default: none."
    )
    retained: Annotated[tuple[TaggedResource, ...], atomic(100)] = Field(
        (), description="Resources that were kept when their ServiceBinding was deleted; the first 100. Default: none."
    )
