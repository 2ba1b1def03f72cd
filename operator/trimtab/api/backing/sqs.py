"""What can be asked of Amazon SQS.

Bounds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.backing.scalars import NEW_BINDING, KmsKeyId, WholeSeconds, between
from trimtab.api.meta import ApiModel, Rule, immutable

Retention = Annotated[WholeSeconds, between("1m", "336h")]


class DeadLetter(ApiModel):
    """A queue of its own for messages that nobody could process. It is FIFO and encrypted as the queue itself."""

    max_receives: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="How often a message is received before it is moved there, 1 to 1000.", examples=[5]
    )
    retention: Retention = Field(
        "336h",
        description="How long messages are kept, counted from when they were first sent, 1m to 336h (14 days).",
        examples=["336h"],
    )


class Sqs(Backing):
    """A queue of Amazon SQS. What is never set is left as it is."""

    member: ClassVar = "sqs"
    rules: ClassVar = (
        immutable("fifo", NEW_BINDING),
        Rule(
            rule="self.fifo || !has(self.contentBasedDeduplication)",
            message="contentBasedDeduplication is of FIFO queues only: set fifo to true, or leave it out",
            field_path=".contentBasedDeduplication",
        ),
        Rule(
            rule="!has(self.kmsKeyID) || !self.kmsKeyID.matches('alias/aws/sqs$')",
            message="topics and buckets cannot deliver to a queue with AWS's own key of KMS: leave kmsKeyID out, which "
            "is SSE-SQS, or name a key of yours",
            field_path=".kmsKeyID",
        ),
    )

    fifo: bool = Field(
        False, description="Whether messages keep their order within a group and are not doubled.", examples=[True]
    )
    content_based_deduplication: bool | None = Field(
        None,
        description="Whether a FIFO queue takes messages with the same body, within 5 minutes, for one. "
        "Default: not; producers then give an id.",
        examples=[True],
    )
    visibility_timeout: Annotated[WholeSeconds, between("0s", "12h")] | None = Field(
        None,
        description="How long a received message is hidden from other consumers, 0s to 12h. Default: AWS's, 30s.",
        examples=["30s"],
    )
    retention: Retention | None = Field(
        None, description="How long messages are kept, 1m to 336h (14 days). Default: AWS's, 96h.", examples=["96h"]
    )
    delay: Annotated[WholeSeconds, between("0s", "15m")] | None = Field(
        None,
        description="How long a message is held back before anybody can receive it, 0s to 15m. Default: AWS's, 0s.",
        examples=["5s"],
    )
    receive_wait: Annotated[WholeSeconds, between("0s", "20s")] | None = Field(
        None,
        description="How long a call to receive waits for a message (long polling), 0s to 20s. Default: AWS's, 0s.",
        examples=["20s"],
    )
    maximum_message_size: Annotated[int, Field(ge=1024, le=1048576)] | None = Field(
        None,
        description="The largest message in bytes, 1024 to 1048576. Default: AWS's, 1048576.",
        examples=[262144],
    )
    kms_key_id: KmsKeyId | None = Field(
        None,
        alias="kmsKeyID",
        description="Key of AWS KMS that encrypts messages: ARN, id or alias. Topics and buckets can deliver only if "
        "the key's own policy lets sns.amazonaws.com or s3.amazonaws.com call kms:Decrypt and kms:GenerateDataKey. "
        "Default: a key of SQS (SSE-SQS).",
        examples=["alias/orders"],
    )
    dead_letter: DeadLetter | None = Field(
        None, description="Where messages go that nobody could process. Default: nowhere; they are kept or expire."
    )
