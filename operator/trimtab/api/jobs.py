"""Admin processes of a service."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.containers import Resources
from trimtab.api.meta import ApiModel, Rule, atomic
from trimtab.api.scalars import Argument, CronSchedule, Name, PositiveDuration, TimeZone


class Job(ApiModel):
    """An admin process, with the image, environment, configuration, volumes and ServiceAccount of the service."""

    rules: ClassVar = (
        Rule(
            rule="self.run != 'Schedule' || has(self.schedule)",
            message="job %s has run: Schedule and needs a schedule, such as '0 3 * * *'",
            values=("self.name",),
            field_path=".schedule",
        ),
        Rule(
            rule="self.run == 'Schedule' || !has(self.schedule)",
            message="schedule '%s' belongs to run: Schedule, not %s: leave it out or write run: Schedule",
            values=("self.schedule", "self.run"),
            field_path=".schedule",
        ),
        Rule(
            rule="self.run == 'Schedule' || !has(self.timeZone)",
            message="timeZone '%s' belongs to run: Schedule, not %s: leave it out or write run: Schedule",
            values=("self.timeZone", "self.run"),
            field_path=".timeZone",
        ),
    )

    name: Name = Field(
        description="Name of the job; with the Microservice's name and a '-' at most 51 characters.",
        examples=["migrate"],
    )
    run: Literal["BeforeRollout", "Schedule", "OnDemand"] = Field(
        description="When it runs. BeforeRollout: once before a new revision's first pod, in list order; if "
        "it fails, no pod of the revision starts. Schedule: by `schedule`. OnDemand: when asked for with "
        "`trimtab job run`.",
        examples=["BeforeRollout"],
    )
    schedule: CronSchedule | None = Field(
        None,
        description="Cron schedule: minute, hour, day of month, month, day of week (0 = Sunday); only with "
        "run: Schedule. Default: none.",
        examples=["0 3 * * *"],
    )
    time_zone: TimeZone | None = Field(
        None,
        description="IANA time zone of the schedule; only with run: Schedule. "
        "Default: that of the cluster's control plane.",
        examples=["Europe/Berlin"],
    )
    command: Annotated[tuple[Argument, ...], atomic(64)] = Field(
        (), description="Replaces the image's entrypoint. Default: the image's.", examples=[["/app/migrate"]]
    )
    args: Annotated[tuple[Argument, ...], atomic(256)] = Field(
        (), description="Replaces the image's arguments. Default: the image's.", examples=[["--all"]]
    )
    resources: Resources | None = Field(
        None, description="Requests and limits of the job's container. Default: those of the service."
    )
    deadline: PositiveDuration = Field(
        "1h", description="Longest time for the job with its retries; then it has failed.", examples=["10m"]
    )
    retries: Annotated[int, Field(ge=0, le=20)] = Field(
        2, description="How often a failed pod of the job is tried again, 0 to 20.", examples=[0]
    )
