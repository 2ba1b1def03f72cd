"""What the operator says about a CanaryRelease."""

from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab.api.meta import FreeObject, Text, TextMap, atomic, keyed
from trimtab.api.scalars import Message, ShortText, Timestamp
from trimtab.api.status import Blocker, Condition, Count, Hash, StatusModel, Verb

Phase = Literal[
    "Idle",
    "Settling",
    "Queued",
    "Progressing",
    "AwaitingApproval",
    "Paused",
    "Held",
    "Promoting",
    "Watching",
    "Retiring",
    "Promoted",
    "Aborting",
    "Aborted",
    "Suspended",
    "Stalled",
]
Verdict = Literal["Pass", "Fail", "Insufficient", "ProviderError"]
Percent = Annotated[str, Text(max_length=16)]
Share = Annotated[int, Field(ge=0, le=100)]
_TEXTS = TextMap(key=Text(max_length=63), value=Annotated[str, Text(max_length=1024)], max_items=32)


class TargetOrder(StatusModel):
    """Where the release wants a service to be; the Microservice answers in its status.release."""

    sequence: Count = Field(description="Number that rises with every change.", examples=[7])
    release: Hash = Field("", description="Id of the release; empty while none is under way.", examples=["g5tme2hiyb"])
    provider: ShortText = Field(description="Who divides the traffic.", examples=["GatewayAPI"])
    stable: Hash = Field("", description="Revision that everything else goes to.", examples=["a1b2c3d4e5"])
    candidate: Hash = Field("", description="New revision; empty: none.", examples=["g5tme2hiyb"])
    weight: Share = Field(0, description="Percent of new requests for the new revision.", examples=[25])
    matched: bool = Field(False, description="Whether what matches the A/B rules goes to the new revision.")
    mirror: Share = Field(0, description="Percent of requests that are copied to the new revision.", examples=[20])
    capacity: Share = Field(
        0, description="For how many percent of the traffic the new revision is to have ready pods.", examples=[25]
    )
    address: Literal["Stable", "Both", "Candidate"] = Field(
        "Stable", description="Which revisions stand behind the service's own name.", examples=["Both"]
    )


class Rejection(StatusModel):
    """A revision that was not let through."""

    revision: Hash = Field(description="Revision.", examples=["g5tme2hiyb"])
    reason: ShortText = Field(description="One word for why.", examples=["NotReady"])
    message: Message = Field("", description="The same for people.", examples=["0 of 1 pods were ready within 10m"])
    at: Timestamp = Field(description="When (RFC 3339).", examples=["2026-01-02T03:04:05Z"])


class TargetStatus(StatusModel):
    """How far one Microservice is."""

    name: ShortText = Field(description="Name of the Microservice.", examples=["orders"])
    stable: Hash = Field("", description="Revision that serves, or served before the release.", examples=["a1b2c3d4e5"])
    candidate: Hash = Field("", description="New revision; empty: none.", examples=["g5tme2hiyb"])
    stable_version: ShortText = Field("", description="Image tag or short digest of stable.", examples=["1.4.1"])
    version: ShortText = Field("", description="Image tag or short digest of the new revision.", examples=["1.4.2"])
    order: TargetOrder | None = Field(None, description="Where the release wants it to be. Default: nowhere yet.")
    rejected: Rejection | None = Field(None, description="Its last revision that was not let through. Default: none.")
    weight: Percent = Field("", description="The new revision's share that is in effect.", examples=["25%"])
    effective_weight: Percent = Field(
        "", description="Share that its pods can get, where they cannot be divided finely enough.", examples=["33.3%"]
    )
    message: Message = Field("", description="What is still missing.", examples=["0 of 1 pods are ready"])
    arrivals: Annotated[str, Text(max_length=2048)] = Field(
        "",
        description="The operator's own record of how requests were divided between both revisions. Default: none.",
    )


class KpiCounts(StatusModel):
    """What was counted, or measured, of one revision."""

    requests: Count = Field(0, description="Requests, or attempts, of the step.", examples=[1900])
    failed: Count = Field(0, description="Those of them that failed, or were too slow.", examples=[7])
    share: Percent = Field("", description="Share that failed; empty: no request.", examples=["0.37%"])
    value: Percent = Field("", description="Newest value of a gauge; empty: none.", examples=["12.5"])


class KpiStatus(StatusModel):
    """What one KPI says about one Microservice; after the release, what it said last."""

    target: ShortText = Field(description="Name of the Microservice.", examples=["orders"])
    name: ShortText = Field(description="Name of the KPI.", examples=["errors"])
    verdict: Verdict = Field(description="Pass, Fail, Insufficient or ProviderError.", examples=["Pass"])
    reason: ShortText = Field(
        "", description="One word for why it is not Pass; docs/reference/reasons.md lists them.", examples=["NoData"]
    )
    message: Message = Field("", description="Why.", examples=["0 restarts of at most 0"])
    compare_to: Literal["SLO", "Stable", "Both"] | None = Field(
        None,
        description="What it measures the new revision by; Auto is decided once, at the start. Default: not decided.",
        examples=["Both"],
    )
    candidate: KpiCounts | None = Field(None, description="The new revision. Default: nothing counted.")
    stable: KpiCounts | None = Field(None, description="The old revision at the same time. Default: nothing counted.")
    abort: Percent = Field(
        "", description="How far the evidence is on its way to an abort, on a log scale.", examples=["12%"]
    )
    promote: Percent = Field(
        "",
        description="How far it is on its way to a promotion, on a log scale; it counts from the last step on.",
        examples=["64%"],
    )
    eta: ShortText = Field(
        "", description="When there can be a verdict; empty: unknown.", examples=["about 1,900 more requests, 14m"]
    )
    evidence: Annotated[str, Text(max_length=2048)] = Field(
        "", description="The operator's own record of the evidence. Default: none."
    )
    ledger: Annotated[str, Text(max_length=4096)] = Field(
        "",
        description="Counts, evidence and verdict of each tick, packed; `trimtab release replay` reads it. "
        "Default: none.",
    )


class ReleasedVersion(StatusModel):
    """What was released of one Microservice."""

    name: ShortText = Field(description="Name of the Microservice.", examples=["orders"])
    revision: Hash = Field("", description="Revision.", examples=["g5tme2hiyb"])
    version: ShortText = Field("", description="Image tag or short digest.", examples=["1.4.2"])


class ReleaseRecord(StatusModel):
    """A release that has ended."""

    release_id: Hash = Field(alias="releaseID", description="Id of the release.", examples=["g5tme2hiyb"])
    outcome: Literal["Promoted", "Aborted", "Superseded", "Reverted"] = Field(
        description="Promoted, Aborted, Superseded or Reverted.", examples=["Promoted"]
    )
    reason: ShortText = Field("", description="One word for why.", examples=["NotReady"])
    message: Message = Field("", description="The same for people.", examples=["0 of 1 pods were ready within 10m"])
    versions: Annotated[tuple[ReleasedVersion, ...], atomic(8)] = Field((), description="What was released.")
    started_at: Timestamp = Field(description="When it began (RFC 3339).", examples=["2026-01-02T03:04:05Z"])
    ended_at: Timestamp = Field(description="When it ended (RFC 3339).", examples=["2026-01-02T04:04:05Z"])


class PendingNotice(StatusModel):
    """Something that is still to be told to channels of spec.notify."""

    id: ShortText = Field(description="The same for every repetition.", examples=["g5tme2hiyb/Promoted"])
    event: ShortText = Field(description="What happened.", examples=["Promoted"])
    release: Hash = Field("", description="Id of the release.", examples=["g5tme2hiyb"])
    title: ShortText = Field("", description="One line.", examples=["shop/orders: 1.4.2 is promoted"])
    text: Message = Field("", description="The rest.", examples=["3 steps in 18m"])
    fields: Annotated[dict[str, str], _TEXTS] = Field(
        default_factory=dict, description="Facts by name.", examples=[{"version": "1.4.2"}]
    )
    at: Timestamp = Field(description="When (RFC 3339).", examples=["2026-01-02T03:04:05Z"])
    channels: Annotated[tuple[ShortText, ...], atomic(8)] = Field((), description="Channels that are still to be told.")


class CanaryReleaseStatus(StatusModel):
    """The observed state of the policy and of the release under way."""

    observed_generation: Annotated[int, Field(ge=-1)] = Field(
        -1, description="The metadata.generation that this status is about; -1: none yet.", examples=[3]
    )
    conditions: Annotated[tuple[Condition, ...], keyed(16, "type")] = Field(
        (), description="Ready always; Reconciling, Stalled and Held while True. Default: none yet."
    )
    phase: Phase | None = Field(None, description="What it is doing. Default: nothing yet.", examples=["Progressing"])
    release_id: Hash = Field(
        "", alias="releaseID", description="Id of the release under way, or of the last.", examples=["g5tme2hiyb"]
    )
    step: Count = Field(0, description="Step that is under way, from 1; 0: none.", examples=[2])
    steps: Count = Field(0, description="Steps of the strategy.", examples=[3])
    position: Annotated[str, Text(max_length=16)] = Field("", description="Step and steps.", examples=["2/3"])
    weight: Percent = Field("", description="Share that the step wants for the new revision.", examples=["25%"])
    effective_weight: Percent = Field(
        "", description="Share that it gets, where pods cannot be divided finely enough.", examples=["33.3%"]
    )
    stable: ShortText = Field("", description="Revision that serves, or served before.", examples=["a1b2c3d4e5"])
    candidate: ShortText = Field("", description="New revision, or its version.", examples=["1.4.2"])
    verdict: Verdict | None = Field(
        None, description="The least favourable verdict of all KPIs. Default: none yet.", examples=["Pass"]
    )
    targets: Annotated[tuple[TargetStatus, ...], keyed(16, "name")] = Field(
        (), description="How far each Microservice is. Default: unknown."
    )
    kpis: Annotated[tuple[KpiStatus, ...], keyed(128, "target", "name")] = Field(
        (), description="What each KPI says about each Microservice of the release, or of the last. Default: nothing."
    )
    eta: Timestamp | None = Field(
        None,
        description="When the release can be over at the earliest (RFC 3339). Default: unknown.",
        examples=["2026-01-02T03:34:05Z"],
    )
    waiting_for: Annotated[tuple[Blocker, ...], atomic(16)] = Field(
        (), description="What the release waits for. Default: nothing."
    )
    queued_at: Timestamp | None = Field(
        None,
        description="Since when the release waits for its turn in the concurrency group (RFC 3339). Default: it does "
        "not.",
        examples=["2026-01-02T03:04:05Z"],
    )
    verb: Verb | None = Field(None, description="The last request made by an annotation. Default: none.")
    history: Annotated[tuple[ReleaseRecord, ...], atomic(10)] = Field(
        (), description="The last 10 releases, newest first. Default: none."
    )
    notices: Annotated[tuple[PendingNotice, ...], atomic(32)] = Field(
        (), description="What is still to be told to channels. Default: nothing."
    )
    progress: Annotated[dict[str, Any], FreeObject()] = Field(
        default_factory=dict, description="The operator's own record of the release. Default: none."
    )
