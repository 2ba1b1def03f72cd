"""What can be asked of AWS Secrets Manager.

Bounds: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html and
API_GetRandomPassword.html; what is projected is also bounded by a Kubernetes Secret.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.backing.scalars import KmsKeyId, WholeSeconds, between
from trimtab.api.meta import ApiModel, Rule, Text, TextMap, immutable
from trimtab.api.scalars import DataKey, DataKeyText

ExcludedCharacters = Annotated[str, Text(max_length=128)]
Member = Annotated[str, Text(max_length=1024)]

PUT = "it is made once; put another value with `aws secretsmanager put-secret-value`"


class Generate(ApiModel):
    """A random value, made by AWS. The secret is a JSON object whose member `key` it is."""

    rules: ClassVar = (
        Rule(
            rule="!(self.excludeLowercase && self.excludeUppercase && self.excludeNumbers && self.excludePunctuation)",
            message="all four kinds of characters are excluded: leave in one at least",
        ),
        Rule(
            rule="!has(self.template) || !(self.key in self.template)",
            message="template has a member '%s', which is to be generated: leave it out, or set key to another name",
            values=("self.key",),
            field_path=".template",
        ),
    )

    key: DataKeyText = Field("password", description="Name of the generated member.", examples=["password"])
    length: Annotated[int, Field(ge=8, le=1024)] = Field(
        32, description="Length of the value in characters, 8 to 1024.", examples=[32]
    )
    exclude_characters: ExcludedCharacters = Field(
        "", description="Characters that it has not. Default: none.", examples=['"@/\\']
    )
    exclude_lowercase: bool = Field(False, description="Whether it has no lower-case letters.", examples=[False])
    exclude_uppercase: bool = Field(False, description="Whether it has no upper-case letters.", examples=[False])
    exclude_numbers: bool = Field(False, description="Whether it has no digits.", examples=[False])
    exclude_punctuation: bool = Field(False, description="Whether it has no punctuation.", examples=[True])
    template: Annotated[dict[str, str], TextMap(key=DataKey, value=Member, max_items=16)] = Field(
        {},
        description="The other members, which are no secrets: anybody who may read the ServiceBinding sees them. "
        "Default: none.",
        examples=[{"username": "orders"}],
    )


class SecretsManager(Backing):
    """A secret of AWS Secrets Manager. What is never set is left as it is, and so is a value that others put in."""

    member: ClassVar = "secretsManager"
    rules: ClassVar = (immutable("generate", PUT),)

    description: Annotated[str, Text(min_length=1, max_length=2048)] | None = Field(
        None, description="What it is for, as AWS shows it. Default: nothing.", examples=["Password of orders"]
    )
    kms_key_id: KmsKeyId | None = Field(
        None,
        alias="kmsKeyID",
        description="Key of AWS KMS that encrypts it: ARN, id or alias. Default: aws/secretsmanager.",
        examples=["alias/orders"],
    )
    generate: Generate | None = Field(
        None, description="A value that AWS makes, once. Default: none; somebody else puts one in."
    )
    recovery_window: Annotated[WholeSeconds, between("168h", "720h")] = Field(
        "720h",
        description="How long it can be restored after its deletion, 168h to 720h, rounded up to whole days. "
        "Applying the same manifest in that time restores it.",
        examples=["720h"],
    )
    project: Literal["Reference", "Value"] = Field(
        "Reference",
        description="What the binding's Secret has of it. `Reference`: ARN and name; the workload reads the value with "
        "its own identity. `Value`: also the members of its current value if that is a JSON object, else the value as "
        "`value`; looked up every 10 minutes.",
        examples=["Reference"],
    )
