"""What can be asked of Amazon SNS.

Bounds: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.backing.scalars import NEW_BINDING, BindingName, KmsKeyId
from trimtab.api.meta import ApiModel, FreeObject, Rule, immutable, keyed


class Subscription(ApiModel):
    """A queue that gets the topic's messages."""

    rules: ClassVar = (
        Rule(
            rule="!has(self.filterScope) || has(self.filter)",
            message="filterScope says nothing without filter: set filter, or leave filterScope out",
            field_path=".filterScope",
        ),
    )

    binding: BindingName = Field(
        description="The ServiceBinding, of the same namespace, of the queue; it lets the topic deliver by itself.",
        examples=["orders-in"],
    )
    filter: Annotated[dict[str, Any], FreeObject()] | None = Field(
        None,
        description="Which messages it gets: a filter policy of SNS. Default: all.",
        examples=[{"status": ["paid"]}],
    )
    filter_scope: Literal["MessageAttributes", "MessageBody"] | None = Field(
        None,
        description="What filter looks at: MessageAttributes or MessageBody. Default: AWS's, MessageAttributes.",
        examples=["MessageBody"],
    )
    raw: bool = Field(
        False, description="Whether the queue gets the message as it was sent, without SNS's envelope.", examples=[True]
    )
    dead_letter: BindingName | None = Field(
        None,
        description="The ServiceBinding of a queue for messages that SNS could not deliver. Default: they are lost.",
        examples=["undelivered"],
    )


class Sns(Backing):
    """A topic of Amazon SNS. What is never set is left as it is."""

    member: ClassVar = "sns"
    sender: ClassVar = "sns.amazonaws.com"
    rules: ClassVar = (
        immutable("fifo", NEW_BINDING),
        Rule(
            rule="self.fifo || !has(self.contentBasedDeduplication)",
            message="contentBasedDeduplication is of FIFO topics only: set fifo to true, or leave it out",
            field_path=".contentBasedDeduplication",
        ),
    )

    fifo: bool = Field(
        False, description="Whether messages keep their order within a group and are not doubled.", examples=[True]
    )
    content_based_deduplication: bool | None = Field(
        None,
        description="Whether a FIFO topic takes messages with the same body, within 5 minutes, for one. "
        "Default: not; publishers then give an id.",
        examples=[True],
    )
    kms_key_id: KmsKeyId | None = Field(
        None,
        alias="kmsKeyID",
        description="Key of AWS KMS that encrypts messages at rest: ARN, id or alias. Buckets can deliver only if the "
        "key's own policy lets s3.amazonaws.com call kms:Decrypt and kms:GenerateDataKey, as alias/aws/sns never does. "
        "Default: none; SNS then keeps messages unencrypted at rest.",
        examples=["alias/events"],
    )
    subscriptions: Annotated[tuple[Subscription, ...], keyed(32, "binding")] = Field(
        (),
        description="Queues that get the messages, beside those that others subscribe. Default: none.",
        examples=[[{"binding": "orders-in", "filter": {"status": ["paid"]}, "raw": True}]],
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """The queues that get messages, and those for what could not be delivered."""
        found = {name for each in self.subscriptions for name in (each.binding, each.dead_letter) if name}
        return tuple(sorted(found))
