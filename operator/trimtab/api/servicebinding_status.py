"""What the operator says about a ServiceBinding."""

from typing import Annotated, Literal

from pydantic import Field

from trimtab.api.meta import Text, TextMap, atomic, keyed
from trimtab.api.scalars import ShortText, Timestamp
from trimtab.api.status import Blocker, Condition, Count, Hash, StatusModel

ArnText = Annotated[str, Text(max_length=2048)]
SettingText = Annotated[str, Text(max_length=1024)]
_ADDRESS = TextMap(key=Text(max_length=63), value=ArnText, max_items=8)
_DIGESTS = TextMap(key=Text(max_length=253), value=Hash, max_items=64)


class SecretReference(StatusModel):
    """The Secret of a Provisioned Service (https://servicebinding.io/spec/core/1.1.0/#provisioned-service)."""

    name: ShortText = Field(description="Name of the Secret in the same namespace.", examples=["orders-in-binding"])


class Intent(StatusModel):
    """A call that changes something outside the cluster, recorded before it is made."""

    verb: Literal["Create", "Adopt", "Reattach", "HandOver", "Change", "Retain", "Delete"] = Field(
        description="What is done.", examples=["Create"]
    )
    at: Timestamp = Field(description="When it was recorded (RFC 3339).", examples=["2026-01-02T03:04:05Z"])


class ResourceStatus(StatusModel):
    """One external resource of the binding. Its name is kept for ever, whatever later versions would call it."""

    key: ShortText = Field(description="Which of the binding's resources it is.", examples=["queue"])
    kind: ShortText = Field(description="Service and kind.", examples=["sqs/queue"])
    name: Annotated[str, Text(max_length=512)] = Field(
        description="Name in AWS.", examples=["shop-shop-orders-in-g5tme2hiyb"]
    )
    address: Annotated[dict[str, str], _ADDRESS] = Field(
        default_factory=dict, description="What else it is found by. Default: nothing."
    )
    parent: ShortText = Field("", description="Key of the resource that it is a part of.", examples=["topic"])
    arn: ArnText = Field(
        "", description="ARN; empty: not known yet.", examples=["arn:aws:sqs:eu-central-1:123456789012:orders"]
    )
    owner: ShortText = Field(
        "",
        description="UID of the ServiceBinding that its tags named when it was last seen to be this one's.",
        examples=["11111111-0000-4000-8000-000000000001"],
    )
    state: ShortText = Field(
        "",
        description="What AWS says of it; NotOurs: somebody else's; empty: it does not exist.",
        examples=["Active"],
    )
    data: bool = Field(False, description="Whether it holds what users cannot make again.")
    intent: Intent | None = Field(None, description="The last change that was begun. Default: none.")
    applied: Annotated[dict[str, str], _DIGESTS] = Field(
        default_factory=dict, description="Digest of each setting that was last put into effect. Default: none."
    )


class DriftItem(StatusModel):
    """A setting that somebody else changed. Values that are secret are not shown."""

    key: ShortText = Field(description="Key of the resource.", examples=["queue"])
    setting: ShortText = Field(description="Setting.", examples=["visibilityTimeout"])
    wanted: SettingText = Field("", description="What the spec says, as JSON.", examples=["30"])
    found: SettingText = Field("", description="What was found last, as JSON.", examples=["60"])
    count: Count = Field(0, description="How often it was changed back since `first`.", examples=[2])
    first: Timestamp | None = Field(
        None, description="When it was first found (RFC 3339). Default: unknown.", examples=["2026-01-02T03:04:05Z"]
    )
    last: Timestamp | None = Field(
        None, description="When it was last found (RFC 3339). Default: unknown.", examples=["2026-01-02T03:34:05Z"]
    )


class ServiceBindingStatus(StatusModel):
    """The observed state of a binding."""

    observed_generation: Annotated[int, Field(ge=-1)] = Field(
        -1, description="The metadata.generation that this status is about; -1: none yet.", examples=[3]
    )
    conditions: Annotated[tuple[Condition, ...], keyed(16, "type")] = Field(
        (),
        description="Ready always; Reconciling and Stalled while True; ResourceReady, Projected, Drifted and "
        "IdentityInjected where they apply. Default: none yet.",
    )
    binding: SecretReference | None = Field(
        None, description="The Secret with what the workload needs to know. Default: there is none yet."
    )
    service: ShortText = Field("", description="Service that is bound.", examples=["sqs"])
    arn: ArnText = Field(
        "",
        description="ARN of its main resource.",
        examples=["arn:aws:sqs:eu-central-1:123456789012:shop-shop-orders-in-g5tme2hiyb"],
    )
    region: Annotated[str, Text(max_length=32)] = Field(
        "", description="AWS region in which it is, and stays.", examples=["eu-central-1"]
    )
    account: Annotated[str, Text(max_length=12)] = Field(
        "", description="AWS account in which it is.", examples=["123456789012"]
    )
    policy: ShortText = Field("", description="The BindingPolicy that permits it.", examples=["shops"])
    deletion_policy: ShortText = Field(
        "",
        description="What becomes of it when the ServiceBinding is deleted: Retain, Delete, Snapshot, or "
        "DeleteIfEmpty, which deletes it only if it holds nothing.",
        examples=["Retain"],
    )
    resources: Annotated[tuple[ResourceStatus, ...], atomic(64)] = Field(
        (), description="All external resources of the binding. Default: none yet."
    )
    drift: Annotated[tuple[DriftItem, ...], atomic(64)] = Field(
        (), description="Settings that somebody else changed. Default: none."
    )
    reconcile: ShortText = Field(
        "", description="Value of the annotation trimtab.dev/reconcile that was heeded last.", examples=["2"]
    )
    waiting_for: Annotated[tuple[Blocker, ...], atomic(16)] = Field(
        (), description="What stands between now and Ready. Default: nothing."
    )
