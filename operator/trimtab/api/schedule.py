"""Who else has a say in a release, and when releases may move."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule, Text, atomic
from trimtab.api.scalars import Duration, Name, TimeZone
from trimtab.api.web import HttpsUrl

_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
Weekdays = Annotated[
    str,
    Text(
        max_length=7,
        pattern=f"^{_DAY}(-{_DAY})?$",
        is_not="a day or a range of days: write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or such as Mon-Thu",
    ),
]
StartTime = Annotated[
    str,
    Text(
        max_length=5,
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
        is_not="a time of day: write hours and minutes from 00:00 to 23:59, such as 08:00",
    ),
]
EndTime = Annotated[
    str,
    Text(
        max_length=5,
        pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        is_not="a time of day: write hours and minutes from 00:00 to 24:00, such as 16:00",
    ),
]
DIFFERENT_TIMES = Rule(
    rule="self.from != self.to",
    message="from and to are both %s: write 00:00 and 24:00 for the whole day, or two different times",
    values=("self.to",),
    field_path=".to",
)
GATE_TIMEOUT = Rule(
    rule="duration(self) >= duration('1s') && duration(self) <= duration('30s')",
    message="'%s' is not between 1s and 30s: write such as 5s, and let a longer check answer 409 until it is done",
    values=("self",),
)


class GateWebhook(ApiModel):
    """A webhook that is asked by POST and consents with a status of 2xx."""

    url: HttpsUrl = Field(
        description="Address, https only; the operator's administrator allows its host.",
        examples=["https://tests.example/smoke"],
    )
    phase: Literal["BeforeRelease", "BeforeStep", "BeforePromotion"] = Field(
        "BeforeStep",
        description="Before what it is asked: the first move of a release, each step, or the move of everything.",
        examples=["BeforePromotion"],
    )
    timeout: Annotated[Duration, GATE_TIMEOUT] = Field(
        "5s", description="Longest wait for an answer, 1s to 30s; then the gate stays closed.", examples=["10s"]
    )


class Gate(ApiModel):
    """Somebody else's consent; while it is withheld, the release waits and asks again."""

    name: Name = Field(description="Name of the gate, at most 63 characters.", examples=["smoke"])
    webhook: GateWebhook = Field(description="Whom to ask.")


class Concurrency(ApiModel):
    """How many releases of a group may be under way at once in a namespace."""

    group: Name = Field(description="Name of the group; releases of one namespace share it.", examples=["payments"])
    max: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="How many may be under way, 1 to 1000; the smallest of the group's holds.", examples=[2]
    )


class Window(ApiModel):
    """A time of the week in which releases may start and move on. An abort never waits for it."""

    rules: ClassVar = (DIFFERENT_TIMES,)

    days: Annotated[tuple[Weekdays, ...], atomic(7)] = Field(
        (),
        description="Days on which the window begins: Mon, Tue, Wed, Thu, Fri, Sat, Sun, or from one to another as "
        "Mon-Thu. Default: every day.",
        examples=[["Mon-Thu"]],
    )
    from_: StartTime = Field(alias="from", description="Time of its beginning, 00:00 to 23:59.", examples=["08:00"])
    to: EndTime = Field(
        description="Time of its end, 00:00 to 24:00; one before `from` is on the next day.", examples=["16:00"]
    )
    time_zone: TimeZone = Field("UTC", description="IANA time zone of both times.", examples=["Europe/Berlin"])
