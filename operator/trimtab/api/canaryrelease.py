"""The CanaryRelease: how every new revision of its services is released."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.analysis import Analysis
from trimtab.api.canaryrelease_rules import SPEC_RULES
from trimtab.api.kpi import Kpi
from trimtab.api.meta import ApiModel, atomic, keyed
from trimtab.api.notify import Notify
from trimtab.api.scalars import Duration, MicroserviceName
from trimtab.api.schedule import Concurrency, Gate, Window
from trimtab.api.strategy import Strategy
from trimtab.api.traffic import Traffic


class Target(ApiModel):
    """A Microservice of the same namespace."""

    name: MicroserviceName = Field(description="Name of the Microservice.", examples=["orders"])


class CanaryReleaseSpec(ApiModel):
    """A standing policy: whenever a target's revision changes, the new one is released this way."""

    rules: ClassVar = SPEC_RULES

    targets: Annotated[tuple[Target, ...], keyed(8, "name", at_least=1)] = Field(
        description="Microservices, 1 to 8, released together and in this order. A Microservice has at most one "
        "CanaryRelease.",
        examples=[[{"name": "orders"}]],
    )
    strategy: Strategy = Field(description="How traffic moves to the new revision: exactly one of the members.")
    traffic: Traffic = Field(
        Traffic(), description="Who divides the traffic. Default: whoever exposes the service, else Replicas."
    )
    kpis: Annotated[tuple[Kpi, ...], keyed(16, "name", at_least=1)] = Field(
        description="KPIs, 1 to 16, by which the new revision is judged; all must be met.",
        examples=[[{"name": "pods", "pods": {"maxRestarts": 0}}]],
    )
    analysis: Analysis = Field(
        Analysis(), description="How strictly and how long it is judged. Default: as its fields say."
    )
    gates: Annotated[tuple[Gate, ...], keyed(8, "name")] = Field(
        (),
        description="Webhooks whose consent a release needs. Default: none.",
        examples=[[{"name": "smoke", "webhook": {"url": "https://tests.example/smoke"}}]],
    )
    concurrency: Concurrency | None = Field(
        None, description="How many releases may be under way at once. Default: any number."
    )
    windows: Annotated[tuple[Window, ...], atomic(16)] = Field(
        (),
        description="When releases may start and move on; an abort never waits. Default: always.",
        examples=[[{"days": ["Mon-Thu"], "from": "08:00", "to": "16:00", "timeZone": "Europe/Berlin"}]],
    )
    watch: Duration = Field(
        "5m",
        description="How long the new revision is judged after all traffic has moved, while the old one keeps its pods "
        "for a way back; 0s is not at all.",
        examples=["30m"],
    )
    notify: Annotated[tuple[Notify, ...], atomic(8)] = Field(
        (),
        description="Who is told what became of a release. Default: nobody.",
        examples=[[{"slack": {"secretRef": {"name": "slack"}}}]],
    )
    suspend: bool = Field(
        False,
        description="Whether the operator leaves everything of the release as it is; traffic stays where it is.",
        examples=[True],
    )
