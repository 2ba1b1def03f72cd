"""Who is told what became of a release."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.meta import ApiModel, exactly_one_of, unique
from trimtab.api.scalars import DataKeyText, ObjectName
from trimtab.api.web import BusArn, HttpsUrl, TopicArn

ReleaseEvent = Literal["Started", "AwaitingApproval", "Held", "Promoted", "Aborted", "Superseded", "Reverted"]
OUTCOMES: tuple[ReleaseEvent, ...] = ("Promoted", "Aborted", "Superseded", "Reverted")


class UrlSecret(ApiModel):
    """A Secret of the same namespace that holds the address of an incoming webhook."""

    name: ObjectName = Field(description="Name of the Secret.", examples=["slack"])
    key: DataKeyText = Field("url", description="Key of the Secret that holds the address.", examples=["webhook-url"])


class SigningSecret(ApiModel):
    """A Secret of the same namespace that holds a key for signatures (HMAC-SHA256, Standard Webhooks)."""

    name: ObjectName = Field(description="Name of the Secret.", examples=["hook"])
    key: DataKeyText = Field("key", description="Key of the Secret that holds it.", examples=["signing-key"])


class Slack(ApiModel):
    """An incoming webhook of Slack."""

    secret_ref: UrlSecret = Field(description="The Secret that holds its address.")


class Teams(ApiModel):
    """A workflow webhook of Microsoft Teams."""

    secret_ref: UrlSecret = Field(description="The Secret that holds its address.")


class NotifyWebhook(ApiModel):
    """Any webhook that takes JSON by POST."""

    url: HttpsUrl = Field(
        description="Address, https only; the operator's administrator allows its host.",
        examples=["https://hooks.example/releases"],
    )
    secret_ref: SigningSecret | None = Field(
        None, description="The Secret whose key signs every message. Default: messages are not signed."
    )


class Sns(ApiModel):
    """A topic of Amazon SNS."""

    topic_arn: TopicArn = Field(
        alias="topicARN",
        description="ARN of the topic; the operator's administrator allows it.",
        examples=["arn:aws:sns:eu-central-1:123456789012:releases"],
    )


class EventBridge(ApiModel):
    """A bus of Amazon EventBridge."""

    bus_arn: BusArn = Field(
        alias="busARN",
        description="ARN of the bus; the operator's administrator allows it.",
        examples=["arn:aws:events:eu-central-1:123456789012:event-bus/releases"],
    )


class Notify(ApiModel):
    """One channel: exactly one of slack, teams, webhook, sns and eventBridge."""

    rules: ClassVar = (exactly_one_of("slack", "teams", "webhook", "sns", "eventBridge"),)

    slack: Slack | None = Field(None, description="An incoming webhook of Slack.")
    teams: Teams | None = Field(None, description="A workflow webhook of Microsoft Teams.")
    webhook: NotifyWebhook | None = Field(None, description="Any webhook that takes JSON.")
    sns: Sns | None = Field(None, description="A topic of Amazon SNS.")
    event_bridge: EventBridge | None = Field(None, description="A bus of Amazon EventBridge.")
    events: Annotated[tuple[ReleaseEvent, ...], unique(7, at_least=1)] = Field(
        OUTCOMES,
        description="What is told: Started, AwaitingApproval, Held, Promoted, Aborted, Superseded, Reverted. "
        "Default: the outcomes Promoted, Aborted, Superseded and Reverted.",
        examples=[["Aborted", "AwaitingApproval"]],
    )
