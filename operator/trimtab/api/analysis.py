"""How strictly and how long a new revision is judged."""

from typing import Annotated, Literal

from pydantic import Field

from trimtab.api.meta import ApiModel
from trimtab.api.scalars import Duration, PositiveDuration
from trimtab.api.shares import ErrorShare, FloorShare, Tolerance


class Analysis(ApiModel):
    """How strictly and how long a new revision is judged."""

    interval: PositiveDuration = Field(
        "10s",
        description="How often it is judged, at least 1s; never more often than metrics are scraped.",
        examples=["30s"],
    )
    warmup: Duration = Field(
        "60s", description="Age below which the counts of a pod are left out, in both revisions.", examples=["2m"]
    )
    min_requests: Annotated[int, Field(ge=1, le=1000000)] = Field(
        100, description="Requests that the new revision must have had in a step, 1 to 1000000.", examples=[500]
    )
    false_abort: ErrorShare = Field(
        "1%", description="How often a good revision may be aborted by mistake, 0.01% to 20%.", examples=["0.1%"]
    )
    false_promote: ErrorShare = Field(
        "5%", description="How often a bad revision may be promoted by mistake, 0.01% to 20%.", examples=["1%"]
    )
    compare_to: Literal["Auto", "SLO", "Stable", "Both"] = Field(
        "Auto",
        description="What the new revision is measured by: the bounds of the KPIs (SLO), the old revision at the same "
        "time (Stable), or Both. Auto is Both where traffic suffices, else SLO.",
        examples=["SLO"],
    )
    tolerance: Tolerance = Field(
        "2x",
        description="How many times the old revision's odds of failure are tolerable, 1.3x to 8x.",
        examples=["3x"],
    )
    floor: FloorShare | None = Field(
        None,
        description="Share of failures below which a difference to the old revision does not matter, 0.001% to 50%. "
        "Default: a quarter of what the KPI allows.",
        examples=["0.25%"],
    )
    deadline: PositiveDuration = Field(
        "6h", description="Longest time for a release, pauses included; then onInconclusive decides.", examples=["24h"]
    )
    ready_within: PositiveDuration = Field(
        "10m",
        description="Within what time the pods of a step must be ready; otherwise the release is aborted.",
        examples=["15m"],
    )
    on_inconclusive: Literal["Hold", "Abort", "Promote"] = Field(
        "Hold",
        description="What becomes of a release that the deadline finds undecided: Hold (people decide), Abort or "
        "Promote.",
        examples=["Abort"],
    )
