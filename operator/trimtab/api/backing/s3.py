"""What can be asked of Amazon S3.

Bounds: https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.backing.scalars import BindingName, KmsKeyId
from trimtab.api.meta import ApiModel, Rule, Text, atomic, keyed, unique

RuleName = Annotated[
    str,
    Text(
        max_length=64,
        pattern="^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        is_not="a name: use letters, digits, '_', '.' and '-', such as old-uploads",
    ),
]
KeyPart = Annotated[str, Text(max_length=512)]
Days = Annotated[int, Field(ge=1, le=36500)]
Event = Annotated[
    str,
    Text(
        max_length=64,
        pattern=r"^s3:[A-Za-z]+(:([A-Za-z]+|\*))?$",
        is_not="an event of S3: write such as s3:ObjectCreated:*",
    ),
]


class Transition(ApiModel):
    """Objects move to a cheaper class of storage."""

    rules: ClassVar = (
        Rule(
            rule="!(self.storageClass in ['StandardIA', 'OneZoneIA']) || self.days >= 30",
            message="AWS keeps objects for at least 30 days before they move to %s: raise days",
            values=("self.storageClass",),
            field_path=".days",
        ),
    )

    days: Days = Field(description="Days after an object was made, 1 to 36500.", examples=[90])
    storage_class: Literal["StandardIA", "OneZoneIA", "IntelligentTiering", "GlacierIR", "Glacier", "DeepArchive"] = (
        Field(
            description="StandardIA, OneZoneIA, IntelligentTiering, GlacierIR, Glacier or DeepArchive.",
            examples=["StandardIA"],
        )
    )


class LifecycleRule(ApiModel):
    """What becomes of objects as they grow old."""

    rules: ClassVar = (
        Rule(
            rule="has(self.expirationDays) || has(self.noncurrentExpirationDays) "
            "|| has(self.abortIncompleteMultipartUploadDays) || has(self.transitions)",
            message="the rule %s does nothing: set expirationDays, noncurrentExpirationDays, "
            "abortIncompleteMultipartUploadDays or transitions",
            values=("self.name",),
        ),
        Rule(
            rule="!has(self.expirationDays) || !has(self.transitions) "
            "|| self.transitions.all(t, t.days < self.expirationDays)",
            message="the rule %s removes objects before they could move: raise expirationDays, or lower days",
            values=("self.name",),
        ),
    )

    name: RuleName = Field(description="Name of the rule.", examples=["old-uploads"])
    prefix: KeyPart = Field(
        "", description="The rule is for objects whose keys begin so. Default: all.", examples=["uploads/"]
    )
    expiration_days: Days | None = Field(
        None, description="Days after which an object is removed, 1 to 36500. Default: never.", examples=[365]
    )
    noncurrent_expiration_days: Days | None = Field(
        None,
        description="Days after which a version that is not the newest any more is removed, 1 to 36500. "
        "Default: never.",
        examples=[30],
    )
    abort_incomplete_multipart_upload_days: Days | None = Field(
        None, description="Days after which an unfinished upload is given up, 1 to 36500. Default: never.", examples=[7]
    )
    transitions: Annotated[tuple[Transition, ...], atomic(6, at_least=1)] | None = Field(
        None,
        description="Moves to cheaper classes of storage. Default: none.",
        examples=[[{"days": 90, "storageClass": "GlacierIR"}]],
    )


class Notification(ApiModel):
    """Tells a queue or topic what happens in the bucket."""

    name: RuleName = Field(description="Name of the notification.", examples=["uploaded"])
    binding: BindingName = Field(
        description="The ServiceBinding, of the same namespace, of the queue or topic that is told; it lets the bucket "
        "by itself. Neither may be FIFO.",
        examples=["uploads-in"],
    )
    events: Annotated[tuple[Event, ...], unique(16, at_least=1)] = Field(
        ("s3:ObjectCreated:*",),
        description="What is told. Default: that objects were made (s3:ObjectCreated:*).",
        examples=[["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]],
    )
    prefix: KeyPart = Field("", description="Of objects whose keys begin so. Default: of all.", examples=["uploads/"])
    suffix: KeyPart = Field("", description="Of objects whose keys end so. Default: of all.", examples=[".jpg"])


class S3(Backing):
    """A bucket of Amazon S3, closed to the public, reached over TLS only. What is never set is left as it is."""

    member: ClassVar = "s3"
    sender: ClassVar = "s3.amazonaws.com"

    versioning: bool | None = Field(
        None,
        description="Whether former versions of objects are kept. Once it was on, false only stops new ones. "
        "Default: AWS's, not.",
        examples=[True],
    )
    kms_key_id: KmsKeyId | None = Field(
        None,
        alias="kmsKeyID",
        description="Key of AWS KMS that encrypts new objects: ARN, id or alias. Default: a key of S3 (SSE-S3).",
        examples=["alias/uploads"],
    )
    lifecycle: Annotated[tuple[LifecycleRule, ...], keyed(32, "name")] | None = Field(
        None,
        description="What becomes of objects as they grow old; all rules of the bucket. "
        "Default: nothing, and rules that there are stay.",
        examples=[[{"name": "uploads", "abortIncompleteMultipartUploadDays": 7}]],
    )
    notifications: Annotated[tuple[Notification, ...], keyed(16, "name")] | None = Field(
        None,
        description="Who is told what happens in the bucket, beside those that others have told. Default: nobody.",
        examples=[[{"name": "uploaded", "binding": "uploads-in"}]],
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """The queues and topics that are told."""
        return tuple(sorted({each.binding for each in self.notifications or ()}))
