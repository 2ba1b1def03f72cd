"""What the operator says about a Microservice."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from trimtab.api.meta import ApiModel, Text, atomic, keyed
from trimtab.api.scalars import Message, ShortText, Timestamp

Hash = Annotated[str, Text(max_length=63)]


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
    """Something that the service waits for."""

    kind: ShortText = Field(description="Kind of the object.", examples=["Pod"])
    name: ShortText = Field(description="Name of the object.", examples=["orders-7d4b9c-x2x7f"])
    reason: ShortText = Field(description="One word for why it blocks.", examples=["ImagePullBackOff"])
    message: Message = Field("", description="The same for people, with what to do.", examples=["manifest unknown"])
    since: Timestamp | None = Field(
        None, description="Since when (RFC 3339). Default: unknown.", examples=["2026-01-02T03:04:05Z"]
    )


class InventoryItem(StatusModel):
    """An object that was applied for this Microservice, in its namespace."""

    api_version: ShortText = Field(description="API group and version.", examples=["apps/v1"])
    kind: ShortText = Field(description="Kind.", examples=["Deployment"])
    name: ShortText = Field(description="Name.", examples=["orders"])


class JobStatus(StatusModel):
    """The last run of a job; kept beyond the life of its Job object."""

    name: ShortText = Field(description="Name of the entry of spec.jobs.", examples=["migrate"])
    key: Hash = Field(description="Hash of what makes the run: it runs once per key.", examples=["g5tme2hiyb"])
    phase: Literal["Pending", "Running", "Succeeded", "Failed"] = Field(
        description="Pending, Running, Succeeded or Failed.", examples=["Succeeded"]
    )
    revision: Hash = Field("", description="Revision for which it ran.", examples=["g5tme2hiyb"])
    nonce: ShortText = Field("", description="Value of the annotation that asked for the run.", examples=["2"])
    message: Message = Field(
        "", description="Why it failed: the tail of its log.", examples=["relation does not exist"]
    )
    started_at: Timestamp | None = Field(
        None, description="When it was started (RFC 3339). Default: not yet.", examples=["2026-01-02T03:04:05Z"]
    )
    finished_at: Timestamp | None = Field(
        None, description="When it ended (RFC 3339). Default: not yet.", examples=["2026-01-02T03:04:35Z"]
    )


class HistoryItem(StatusModel):
    """A revision whose rollout was begun."""

    revision: Hash = Field(description="Revision.", examples=["g5tme2hiyb"])
    version: ShortText = Field("", description="Image tag or short digest.", examples=["1.4.2"])
    started_at: Timestamp = Field(
        description="When its rollout was last begun (RFC 3339).", examples=["2026-01-02T03:04:05Z"]
    )


class Verb(StatusModel):
    """The last request made by an annotation, and what became of it."""

    value: ShortText = Field(description="The annotation's value.", examples=["reindex/7"])
    result: Literal["Accepted", "Refused"] = Field(description="Accepted or Refused.", examples=["Accepted"])
    message: Message = Field("", description="What was done, or why not.", examples=["started Job orders-reindex-7"])


class MicroserviceStatus(StatusModel):
    """The observed state of a service."""

    observed_generation: Annotated[int, Field(ge=-1)] = Field(
        -1, description="The metadata.generation that this status is about; -1: none yet.", examples=[3]
    )
    conditions: Annotated[tuple[Condition, ...], keyed(16, "type")] = Field(
        (),
        description="Ready always; Reconciling and Stalled while True; Exposed and ScalingActive where they apply. "
        "Default: none yet.",
    )
    revision: Hash = Field("", description="Revision that the spec asks for.", examples=["g5tme2hiyb"])
    stable_revision: Hash = Field("", description="Revision that was last rolled out in full.", examples=["g5tme2hiyb"])
    replicas: Annotated[int, Field(ge=0)] = Field(0, description="Pods of all serving revisions.", examples=[2])
    ready_replicas: Annotated[int, Field(ge=0)] = Field(0, description="Those of them that are ready.", examples=[2])
    ready: ShortText = Field("", description="Ready and wanted pods.", examples=["2/2"])
    selector: Annotated[str, Text(max_length=1024)] = Field(
        "",
        description="Label selector of the pods of all serving revisions, for autoscalers.",
        examples=["trimtab.dev/microservice=orders"],
    )
    version: ShortText = Field("", description="Image tag or short digest of the revision.", examples=["1.4.2"])
    waiting_for: Annotated[tuple[Blocker, ...], atomic(16)] = Field(
        (), description="What stands between now and Ready. Default: nothing."
    )
    inventory: Annotated[tuple[InventoryItem, ...], atomic(256)] = Field(
        (), description="Objects that were applied. Default: none."
    )
    jobs: Annotated[tuple[JobStatus, ...], atomic(64)] = Field((), description="Last runs of the jobs. Default: none.")
    history: Annotated[tuple[HistoryItem, ...], atomic(16)] = Field(
        (), description="Revisions whose rollout was begun, newest first. Default: none."
    )
    verb: Verb | None = Field(None, description="The last request made by an annotation. Default: none.")
