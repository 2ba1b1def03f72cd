"""What can be asked of Amazon DynamoDB.

Bounds: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.backing.scalars import NEW_BINDING, KmsKey
from trimtab.api.meta import ApiModel, Rule, Text, immutable, keyed, unique
from trimtab.api.scalars import Percentage

AttributeName = Annotated[str, Text(min_length=1, max_length=255)]
IndexName = Annotated[
    str,
    Text(
        min_length=3,
        max_length=255,
        pattern="^[A-Za-z0-9_.-]+$",
        is_not="the name of an index: use letters, digits, '_', '.' and '-', such as by-customer",
    ),
]
Capacity = Annotated[int, Field(ge=1, le=1_000_000)]


class KeyAttribute(ApiModel):
    """An attribute of a key."""

    name: AttributeName = Field(description="Name of the attribute.", examples=["orderID"])
    type: Literal["S", "N", "B"] = Field(
        description='S is text, N a number, B bytes. Write "N" in quotes: without, YAML takes it for false.',
        examples=["S"],
    )


class Index(ApiModel):
    """A global secondary index. All of it is fixed once it exists."""

    rules: ClassVar = (
        Rule(
            rule="(self.projection == 'Include') == has(self.include)",
            message="include and projection Include belong together: set both, or neither",
            field_path=".include",
        ),
        Rule(
            rule="self == oldSelf",
            message="the index %s cannot be changed: give the new one another name, move to it, then remove this one",
            values=("self.name",),
        ),
    )

    name: IndexName = Field(description="Name of the index; applications query by it.", examples=["by-customer"])
    partition_key: KeyAttribute = Field(description="The attribute that items are spread by.")
    sort_key: KeyAttribute | None = Field(
        None, description="The attribute that items of one partition key are sorted by. Default: none."
    )
    projection: Literal["All", "KeysOnly", "Include"] = Field(
        "All", description="Which attributes it holds: All, KeysOnly, or those of include too.", examples=["KeysOnly"]
    )
    include: Annotated[tuple[AttributeName, ...], unique(100, at_least=1)] | None = Field(
        None,
        description="The attributes beside the keys, with projection Include. Default: none.",
        examples=[["total"]],
    )


class CapacityScaling(ApiModel):
    """Capacity follows use, of the table and of each index, for reads and for writes."""

    rules: ClassVar = (
        Rule(
            rule="self.min <= self.max",
            message="min %s is above max %s: lower min or raise max",
            values=("self.min", "self.max"),
            field_path=".min",
        ),
        Rule(
            rule="!self.target.matches('^[0-9]{1,4}%$') || "
            "(int(self.target.replace('%', '')) >= 20 && int(self.target.replace('%', '')) <= 90)",
            message="target '%s' is not between 20%% and 90%%, as AWS demands",
            values=("self.target",),
            field_path=".target",
        ),
    )

    min: Capacity = Field(description="Fewest capacity units, from 1.", examples=[5])
    max: Capacity = Field(description="Most capacity units; at least min.", examples=[100])
    target: Percentage = Field(
        "70%",
        description="The use to aim for, in percent of the provisioned capacity; AWS takes 20% to 90%.",
        examples=["70%"],
    )


class Billing(ApiModel):
    """How reads and writes are paid for."""

    rules: ClassVar = (
        Rule(
            rule="self.mode == 'Provisioned' ? has(self.read) && has(self.write) "
            ": !has(self.read) && !has(self.write) && !has(self.autoscaling)",
            message="read and write are needed with mode Provisioned, and they and autoscaling make no sense without: "
            "set all three, or leave read, write and autoscaling out",
            field_path=".mode",
        ),
    )

    mode: Literal["PayPerRequest", "Provisioned"] = Field(
        "PayPerRequest",
        description="PayPerRequest: by use, without limits to set. Provisioned: for a capacity. "
        "AWS lets it be changed a few times a day only.",
        examples=["Provisioned"],
    )
    read: Capacity | None = Field(
        None,
        description="Read capacity units of the table and of each index; with autoscaling only to begin with. "
        "Default: none, with PayPerRequest.",
        examples=[5],
    )
    write: Capacity | None = Field(
        None,
        description="Write capacity units of the table and of each index; with autoscaling only to begin with. "
        "Default: none, with PayPerRequest.",
        examples=[5],
    )
    autoscaling: CapacityScaling | None = Field(
        None, description="Lets capacity follow use. Default: it stays at read and write."
    )


class TimeToLive(ApiModel):
    """Items go away by themselves."""

    attribute: AttributeName = Field(
        description="The attribute with the time after which an item may be removed, in seconds since 1970. "
        "AWS takes about an hour to change it, and does so once in that time.",
        examples=["expiresAt"],
    )


class DynamoDB(Backing):
    """A table of Amazon DynamoDB. What is never set is left as it is."""

    member: ClassVar = "dynamodb"
    rules: ClassVar = (
        immutable("partitionKey", NEW_BINDING),
        immutable("sortKey", NEW_BINDING),
    )

    partition_key: KeyAttribute = Field(description="The attribute that items are spread by.")
    sort_key: KeyAttribute | None = Field(
        None, description="The attribute that items of one partition key are sorted by. Default: none."
    )
    global_secondary_indexes: Annotated[tuple[Index, ...], keyed(20, "name")] | None = Field(
        None,
        description="The global secondary indexes, all of them; one at a time is made or taken away. "
        "Default: none are made, and those that there are stay.",
        examples=[[{"name": "by-customer", "partitionKey": {"name": "customer", "type": "S"}}]],
    )
    billing: Billing = Field(Billing(), description="How reads and writes are paid for. Default: PayPerRequest.")
    ttl: TimeToLive | None = Field(None, description="Lets items go away by themselves. Default: they stay.")
    stream: Literal["KeysOnly", "NewImage", "OldImage", "NewAndOldImages"] | None = Field(
        None,
        description="What the table's stream tells of each change: KeysOnly, NewImage, OldImage or NewAndOldImages. "
        "Another kind is another stream, with an ARN of its own: take this one out first. Default: no stream.",
        examples=["NewAndOldImages"],
    )
    point_in_time_recovery: bool | None = Field(
        None,
        description="Whether the table can be restored as of any second of the last 35 days. Default: AWS's, not.",
        examples=[True],
    )
    kms_key_id: KmsKey | None = Field(
        None,
        alias="kmsKeyID",
        description="Key of AWS KMS that encrypts the table: ARN or id (no alias, for AWS does not tell it back). "
        "Default: a key of DynamoDB.",
        examples=["arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The declared indexes, none if none are."""
        return self.global_secondary_indexes or ()
