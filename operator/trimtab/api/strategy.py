"""How traffic moves to a new revision."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.canaryrelease_rules import CANARY_RULES, LINEAR_RULES
from trimtab.api.meta import ApiModel, atomic, exactly_one_of
from trimtab.api.scalars import PositiveDuration
from trimtab.api.shares import WholePercentage
from trimtab.api.web import CookieName, CookieValue, HeaderName, HeaderValue

_Approval = Literal["Required"]


class Step(ApiModel):
    """One share of the traffic, and how long it is judged."""

    weight: WholePercentage = Field(
        description="Share of requests for the new revision, 1% to 100%; never below that of the step before.",
        examples=["25%"],
    )
    bake: PositiveDuration = Field(
        description="How long the share is judged, from when it was seen in effect, at least 1s.", examples=["5m"]
    )
    approval: _Approval | None = Field(
        None,
        description="Required: after the bake, somebody must say `trimtab release promote`. Default: nobody need.",
        examples=["Required"],
    )


class Canary(ApiModel):
    """Shares as listed."""

    rules: ClassVar = CANARY_RULES

    steps: Annotated[tuple[Step, ...], atomic(50, at_least=1)] = Field(
        description="Steps, 1 to 50, in order; after the last one everything moves.",
        examples=[[{"weight": "5%", "bake": "2m"}, {"weight": "50%", "bake": "5m"}]],
    )


class Linear(ApiModel):
    """Equal increments."""

    rules: ClassVar = LINEAR_RULES

    increment: WholePercentage = Field(
        description="By how much the share grows with each step, 1% to 100%; at most maxWeight.", examples=["10%"]
    )
    interval: PositiveDuration = Field(
        description="How long each share is judged, from when it was seen in effect, at least 1s.", examples=["2m"]
    )
    max_weight: WholePercentage = Field(
        "50%", description="Share of the last step, 1% to 100%; after it everything moves.", examples=["40%"]
    )


class AllAtOnce(ApiModel):
    """One move of everything, while the old revision keeps its pods until the bake is over."""

    bake: PositiveDuration = Field(
        description="How long the new revision is judged with all traffic, at least 1s.", examples=["5m"]
    )


class BlueGreen(ApiModel):
    """All pods of the new revision first, without traffic (a preview), then one move of everything."""

    bake: PositiveDuration = Field(
        description="How long the new revision is judged with all traffic, at least 1s.", examples=["10m"]
    )
    approval: _Approval | None = Field(
        None,
        description="Required: traffic moves after somebody has seen the preview and said `trimtab release promote`. "
        "Default: nobody need.",
        examples=["Required"],
    )


class HeaderMatch(ApiModel):
    """A header of the request, compared exactly."""

    name: HeaderName = Field(description="Name of the header; case does not matter.", examples=["x-canary"])
    exact: HeaderValue = Field(description="The header's whole value.", examples=["1"])


class CookieMatch(ApiModel):
    """A cookie of the request, compared exactly."""

    name: CookieName = Field(description="Name of the cookie.", examples=["canary"])
    exact: CookieValue = Field(description="The cookie's whole value.", examples=["always"])


class Match(ApiModel):
    """Which requests go to the new revision: exactly one of the members."""

    rules: ClassVar = (exactly_one_of("header", "cookie"),)

    header: HeaderMatch | None = Field(None, description="Requests with this header.")
    cookie: CookieMatch | None = Field(None, description="Requests with this cookie.")


class ABTest(ApiModel):
    """Requests with a certain header or cookie go to the new revision, all others to the old one."""

    match: Annotated[tuple[Match, ...], atomic(8, at_least=1)] = Field(
        description="Conditions, 1 to 8; a request that meets one of them goes to the new revision.",
        examples=[[{"header": {"name": "x-canary", "exact": "1"}}]],
    )
    bake: PositiveDuration = Field(
        description="How long the new revision is judged, from when the matches were seen in effect, at least 1s.",
        examples=["10m"],
    )


_SPLITS = ("canary", "linear", "allAtOnce", "blueGreen", "abTest")


class AfterMirror(ApiModel):
    """What follows the mirror: exactly one of the other strategies."""

    rules: ClassVar = (exactly_one_of(*_SPLITS),)

    canary: Canary | None = Field(None, description="Shares as listed.")
    linear: Linear | None = Field(None, description="Equal increments.")
    all_at_once: AllAtOnce | None = Field(None, description="One move of everything.")
    blue_green: BlueGreen | None = Field(None, description="A preview, then one move of everything.")
    ab_test: ABTest | None = Field(None, description="Requests with a certain header or cookie.")


class Mirror(ApiModel):
    """Copies of requests go to the new revision and its answers are thrown away; then another strategy follows."""

    percent: WholePercentage = Field(description="Share of requests that are copied, 1% to 100%.", examples=["20%"])
    bake: PositiveDuration = Field(
        description="How long the answers to copies are judged, at least 1s.", examples=["5m"]
    )
    allow_unsafe: bool = Field(
        False,
        description="Whether other requests than GET and HEAD are copied too; what they do is then done twice.",
        examples=[True],
    )
    then: AfterMirror = Field(description="The strategy that follows.")


class Strategy(AfterMirror):
    """How traffic moves to a new revision: exactly one of the members."""

    rules: ClassVar = (exactly_one_of(*_SPLITS, "mirror"),)

    mirror: Mirror | None = Field(None, description="Copies of requests first, then another strategy.")
