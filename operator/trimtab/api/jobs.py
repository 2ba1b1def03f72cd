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
            message="run: Schedule needs a schedule, such as '0 3 * * *'",
            expression="'job ' + self.name + ' has run: Schedule and needs a schedule, such as 0 3 * * *'",
            field_path=".schedule",
        ),
        Rule(
            rule="self.run == 'Schedule' || !has(self.schedule)",
            message="schedule belongs to run: Schedule",
            expression="'schedule ' + self.schedule + ' belongs to run: Schedule, but job ' + self.name + ' has run: ' "
            "+ self.run + ': leave schedule out or write run: Schedule'",
            field_path=".schedule",
        ),
        Rule(
            rule="self.run == 'Schedule' || !has(self.timeZone)",
            message="timeZone belongs to run: Schedule: leave it out or write run: Schedule",
            expression="'timeZone ' + self.timeZone + ' belongs to run: Schedule, but job ' + self.name + ' has run: ' "
            "+ self.run + ': leave timeZone out or write run: Schedule'",
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
