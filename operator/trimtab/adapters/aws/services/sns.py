"""Amazon SNS: https://docs.aws.amazon.com/sns/latest/api/"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from trimtab.adapters.aws.calls import Calls
from trimtab.adapters.aws.policydocument import merged, ours
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.ports.cloud import CloudExistsError

_PENDING = "PendingConfirmation"


class Topic:
    """A topic. Its handle is its ARN."""

    service = "sns"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, one if it is known."""
        arn = arn or resource.address["arn"]
        try:
            found = client.get_topic_attributes(TopicArn=arn)["Attributes"]
            tags = known.tags if known else _tags_of(client, arn)
        except (client.exceptions.NotFoundException, client.exceptions.ResourceNotFoundException):
            return None
        settings = {
            "fifo": found.get("FifoTopic") == "true",
            "contentBasedDeduplication": found.get("ContentBasedDeduplication") == "true",
            "kmsKeyID": found.get("KmsMasterKeyId", ""),
            "access": ours(found.get("Policy", "")),
        }
        return Live(handle=arn, arn=arn, settings=settings, tags=tags)

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """One call. Who may publish is changed after it, beside what SNS says of the owner."""
        wanted = resource.settings
        attributes = {"FifoTopic": "true"} if wanted["fifo"] else {}
        attributes |= {_NAMES[key]: _text(wanted[key]) for key in _NAMES if wanted.get(key)}
        try:
            client.create_topic(Name=resource.name, Attributes=attributes, Tags=_tags(tags))
        except client.exceptions.InvalidParameterException as error:
            raise _taken(error, "sns:CreateTopic") from None

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """A call for each setting; for our statements of the policy a read before it."""
        for key in sorted(change.differing):
            if key == "access":
                found = client.get_topic_attributes(TopicArn=live.handle)["Attributes"].get("Policy", "")
                name, value = "Policy", merged(found, change.settings[key])
            else:
                name, value = _NAMES[key], _text(change.settings[key])
            client.set_topic_attributes(TopicArn=live.handle, AttributeName=name, AttributeValue=value)

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """One call."""
        client.tag_resource(ResourceArn=live.arn, Tags=_tags(tags))

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """One call."""
        client.untag_resource(ResourceArn=live.arn, TagKeys=sorted(keys))

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call, with all subscriptions."""
        try:
            client.delete_topic(TopicArn=live.handle)
        except client.exceptions.NotFoundException:
            return


class Subscription:
    """A queue's subscription of a topic. Its handle is its ARN, which only a list of the topic's tells."""

    service = "sns"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, and one more for each further hundred subscriptions of the topic; one if it is known."""
        try:
            found = known.handle if known else _subscribed(client, resource)
            if not found:
                return None
            if found == _PENDING:
                return Live(handle=found, arn="", state=State.CREATING)
            attributes = client.get_subscription_attributes(SubscriptionArn=found)["Attributes"]
        except client.exceptions.NotFoundException:
            return None
        return Live(handle=found, arn=found, settings=_settings(attributes))

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """One call. Within an account there is nothing to confirm."""
        attributes = dict(_attributes(resource.settings, frozenset(resource.settings)))
        try:
            client.subscribe(
                TopicArn=resource.address["topic"],
                Protocol="sqs",
                Endpoint=resource.address["queue"],
                Attributes={name: value for name, value in attributes.items() if value},
                ReturnSubscriptionArn=True,
            )
        except client.exceptions.InvalidParameterException as error:
            raise _taken(error, "sns:Subscribe") from None

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """A call for each attribute."""
        for name, value in _attributes(change.settings, change.differing):
            given = {"AttributeValue": value or _NOTHING[name]} if value or name in _NOTHING else {}
            client.set_subscription_attributes(SubscriptionArn=live.handle, AttributeName=name, **given)

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """It is a part of its topic."""

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """It is a part of its topic."""

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call."""
        try:
            client.unsubscribe(SubscriptionArn=live.handle)
        except client.exceptions.NotFoundException:
            return


_NOTHING = {"FilterPolicy": "{}"}
"""What takes an attribute away; SNS takes others away if no value is given, and refuses an empty one."""

_NAMES = {"contentBasedDeduplication": "ContentBasedDeduplication", "kmsKeyID": "KmsMasterKeyId"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _subscribed(client: Any, resource: Resource) -> str:
    """The ARN of the subscription, or that it is pending; empty if there is none."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=resource.address["topic"])
    theirs = (each for page in pages for each in page["Subscriptions"] if _is_of(each, resource.address["queue"]))
    return next((str(each["SubscriptionArn"]) for each in theirs), "")


def _is_of(subscription: Mapping[str, str], queue: str) -> bool:
    return subscription["Protocol"] == "sqs" and subscription["Endpoint"] == queue


def _settings(found: Mapping[str, str]) -> dict[str, Any]:
    redrive = json.loads(found.get("RedrivePolicy") or "{}")
    return {
        "filter": json.loads(found.get("FilterPolicy") or "{}") or None,
        "filterScope": found.get("FilterPolicyScope", "MessageAttributes"),
        "raw": found.get("RawMessageDelivery") == "true",
        "deadLetter": redrive.get("deadLetterTargetArn"),
    }


def _attributes(settings: Mapping[str, Any], wanted: Collection[str]) -> list[tuple[str, str]]:
    """Names and values of the `wanted` settings, in an order that SNS takes; empty stands for nothing.

    A filter of the body may be one that is none of attributes, so the wider scope comes before its filter, and the
    narrower one after it.
    """
    found: dict[str, str] = {}
    if "filter" in wanted:
        found["FilterPolicy"] = json.dumps(settings["filter"]) if settings["filter"] else ""
    if "filterScope" in wanted:
        scope = {"FilterPolicyScope": settings["filterScope"]}
        found = scope | found if settings["filterScope"] == "MessageBody" else found | scope
    if "raw" in wanted:
        found["RawMessageDelivery"] = _text(settings["raw"])
    if "deadLetter" in wanted:
        letters = settings["deadLetter"]
        found["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": letters}) if letters else ""
    return list(found.items())


def _taken(error: Exception, action: str) -> Exception:
    """SNS says so of what exists with other attributes or tags."""
    return CloudExistsError(str(error)[:512], action=action) if "already exists" in str(error) else error


def _tags_of(client: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceArn=arn)["Tags"]}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


CALLS: dict[str, Calls] = {"sns/topic": Topic(), "sns/subscription": Subscription()}
