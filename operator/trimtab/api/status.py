"""What the statuses of all kinds are built from."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from trimtab.api.meta import ApiModel, Text
from trimtab.api.scalars import Message, ShortText, Timestamp

Hash = Annotated[str, Text(max_length=63)]
Count = Annotated[int, Field(ge=0)]


class StatusModel(ApiModel):
    """A part of a status. Unknown fields are ignored: an older operator reads what a newer one wrote."""

    model_config = ConfigDict(extra="ignore")


class Condition(StatusModel):
    """One aspect of the present state, as the conditions of Kubernetes' own kinds."""

    type: Annotated[str, Text(max_length=316, min_length=1)] = Field(description="Aspect.", examples=["Ready"])
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.", examples=["True"])
    reason: Annotated[str, Text(max_length=1024, min_length=1)] = Field(
        description="One word for why; docs/reference/reasons.md lists them.", examples=["Available"]
    )
    message: Message = Field(
        "", description="The same for people, with what to do.", examples=["2 of 2 replicas are ready"]
    )
    last_transition_time: Timestamp = Field(
        description="When status changed last (RFC 3339).", examples=["2026-01-02T03:04:05Z"]
    )
    observed_generation: Annotated[int, Field(ge=0)] = Field(
        description="The metadata.generation for which this holds.", examples=[3]
    )


class Blocker(StatusModel):
    """Something that is waited for."""

    kind: ShortText = Field(description="Kind of the object.", examples=["Pod"])
    name: ShortText = Field(description="Name of the object.", examples=["orders-7d4b9c-x2x7f"])
    reason: ShortText = Field(description="One word for why it blocks.", examples=["ImagePullBackOff"])
    message: Message = Field("", description="The same for people, with what to do.", examples=["manifest unknown"])
    since: Timestamp | None = Field(
        None, description="Since when (RFC 3339). Default: unknown.", examples=["2026-01-02T03:04:05Z"]
    )
    eta: Timestamp | None = Field(
        None,
        description="When it is over, as far as one can tell (RFC 3339). Default: unknown.",
        examples=["2026-01-02T03:14:05Z"],
    )


class Verb(StatusModel):
    """The last request made by an annotation, and what became of it."""

    value: ShortText = Field(description="The annotation's value.", examples=["reindex/7"])
    result: Literal["Accepted", "Refused"] = Field(description="Accepted or Refused.", examples=["Accepted"])
    message: Message = Field("", description="What was done, or why not.", examples=["started Job orders-reindex-7"])
