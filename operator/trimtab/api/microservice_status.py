"""What the operator says about a Microservice."""

from typing import Annotated, Literal

from pydantic import Field

from trimtab.api.meta import Text, atomic, keyed
from trimtab.api.scalars import Message, ShortText, Timestamp
from trimtab.api.status import Blocker, Condition, Count, Hash, StatusModel, Verb


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


class RejectedRevision(StatusModel):
    """A revision that a release did not let through."""

    revision: Hash = Field(description="Revision.", examples=["g5tme2hiyb"])
    reason: ShortText = Field(description="One word for why.", examples=["NotReady"])
    message: Message = Field("", description="The same for people.", examples=["0 of 1 pods were ready within 10m"])
    at: Timestamp = Field(description="When (RFC 3339).", examples=["2026-01-02T03:04:05Z"])
    lifted: bool = Field(
        False, description="Whether it may be released again: the spec has made another since, or retry was asked for."
    )


class ReleaseEcho(StatusModel):
    """How far the service is with what its CanaryRelease orders (its status.targets[].order)."""

    policy: Annotated[str, Text(max_length=64)] = Field(
        "", description="UID of the CanaryRelease.", examples=["8f0a52cd-4c1b-4a2f-9d3e-0a4e8f1b2c3d"]
    )
    sequence: Count = Field(0, description="Number of the order that is being carried out.", examples=[7])
    id: Hash = Field("", description="Id of the release; empty while none is under way.", examples=["g5tme2hiyb"])
    stable: Hash = Field("", description="Its stable revision.", examples=["a1b2c3d4e5"])
    candidate: Hash = Field("", description="Its new revision; empty: none.", examples=["g5tme2hiyb"])
    in_place: bool = Field(False, description="Whether it is carried out and confirmed by whoever routes.")
    weight: Annotated[str, Text(max_length=16)] = Field(
        "", description="The new revision's share that is in effect; empty: none.", examples=["25%"]
    )
    wanted: Count = Field(0, description="Pods that the service is to have.", examples=[4])
    stable_ready: Count = Field(0, description="Ready pods of the stable revision.", examples=[4])
    candidate_wanted: Count = Field(0, description="Pods that the new revision is to have.", examples=[1])
    candidate_ready: Count = Field(0, description="Ready pods of the new revision.", examples=[1])
    failure: ShortText = Field(
        "", description="One word for why the order can never be carried out.", examples=["MigrationFailed"]
    )
    message: Message = Field("", description="What is still missing.", examples=["0 of 1 pods are ready"])
    verb: Verb | None = Field(None, description="The last verb set on the Microservice itself. Default: none.")


class Platform(StatusModel):
    """The parts of the operator's own in the pods: the proxy and its configuration."""

    version: Hash = Field("", description="Version with which the serving revision was made.", examples=["k3v9x2m1pq"])
    available: Hash = Field(
        "",
        description="Another version that `trimtab platform upgrade` moves to; empty: none.",
        examples=["z8w4c7"],
    )


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
    release: ReleaseEcho | None = Field(
        None, description="How far it is with what its CanaryRelease orders. Default: there is none."
    )
    rejected_revisions: Annotated[tuple[RejectedRevision, ...], atomic(10)] = Field(
        (), description="Revisions that releases did not let through, newest first. Default: none."
    )
    platform: Platform | None = Field(
        None, description="The parts of the operator's own in the pods. Default: there are none."
    )
