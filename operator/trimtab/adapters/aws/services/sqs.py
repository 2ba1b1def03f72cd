"""Amazon SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from trimtab.adapters.aws.calls import Calls
from trimtab.adapters.aws.policydocument import merged, ours
from trimtab.domain.binding.resource import Change, Live, Resource

_NUMBERS = {
    "visibilityTimeout": "VisibilityTimeout",
    "retention": "MessageRetentionPeriod",
    "delay": "DelaySeconds",
    "receiveWait": "ReceiveMessageWaitTimeSeconds",
    "maximumMessageSize": "MaximumMessageSize",
}
_FLAGS = {"fifo": "FifoQueue", "contentBasedDeduplication": "ContentBasedDeduplication"}
_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_LOOK = [*_NUMBERS.values(), *_FLAGS.values(), *_WAITING, "KmsMasterKeyId", "SqsManagedSseEnabled"]
_DOCUMENTS = ["QueueArn", "Policy", "RedrivePolicy"]


class Queue:
    """A queue. Its handle is its URL."""

    service = "sqs"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Three calls, one if it is known. One that finds no queue any more means that it is gone."""
        try:
            url = known.handle if known else _url(client, resource, arn)
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=[*_LOOK, *_DOCUMENTS])["Attributes"]
            tags = known.tags if known else client.list_queue_tags(QueueUrl=url).get("Tags", {})
        except client.exceptions.QueueDoesNotExist:
            return None
        return Live(
            handle=url,
            arn=found["QueueArn"],
            settings=_settings(found),
            tags=tags,
            empty=not any(int(found.get(count, 0)) for count in _WAITING),
        )

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """One call. The same name with the same attributes is no error to SQS."""
        attributes = _attributes(resource.settings, policy="")
        client.create_queue(QueueName=resource.name, Attributes=attributes, tags=dict(tags))

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call; for our statements of the policy a read before it, so that those of others are the newest."""
        policy = ""
        if "access" in change.differing:
            found = client.get_queue_attributes(QueueUrl=live.handle, AttributeNames=["Policy"])
            policy = found.get("Attributes", {}).get("Policy", "")
        wanted = {key: change.settings[key] for key in change.differing}
        client.set_queue_attributes(QueueUrl=live.handle, Attributes=_attributes(wanted, policy, anew=False))

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """One call."""
        client.tag_queue(QueueUrl=live.handle, Tags=dict(tags))

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """One call."""
        client.untag_queue(QueueUrl=live.handle, TagKeys=sorted(keys))

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call, with all messages. SQS takes up to 60 s, and as long gives the name to nobody."""
        try:
            client.delete_queue(QueueUrl=live.handle)
        except client.exceptions.QueueDoesNotExist:
            return


class RedriveAllow:
    """A dead-letter queue's leave to be named by certain queues: an attribute that can be set once both exist."""

    service = "sqs"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, one if it is known. Without the attribute any queue of the account and region may."""
        try:
            url = known.handle if known else _url(client, resource, arn)
            wanted = ["QueueArn", "RedriveAllowPolicy"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        except client.exceptions.QueueDoesNotExist:
            return None
        if not found.get("RedriveAllowPolicy"):
            return None
        return Live(
            handle=url, arn=found["QueueArn"], settings={"redriveAllow": json.loads(found["RedriveAllowPolicy"])}
        )

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """Two calls."""
        self._set(client, _url(client, resource, ""), resource.settings["redriveAllow"])

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call."""
        self._set(client, live.handle, change.settings["redriveAllow"])

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """An attribute has no tags."""

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """An attribute has no tags."""

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call. A queue that is gone has no attributes."""
        try:
            client.set_queue_attributes(QueueUrl=live.handle, Attributes={"RedriveAllowPolicy": ""})
        except client.exceptions.QueueDoesNotExist:
            return

    def _set(self, client: Any, url: str, policy: Mapping[str, Any]) -> None:
        client.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": json.dumps(policy)})


def _url(client: Any, resource: Resource, arn: str) -> str:
    if not arn:
        return str(client.get_queue_url(QueueName=resource.name)["QueueUrl"])
    _, account, name = arn.rsplit(":", 2)
    return str(client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


def _settings(found: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {key: int(found[name]) for key, name in _NUMBERS.items() if name in found}
    settings |= {key: found.get(name) == "true" for key, name in _FLAGS.items()}
    managed = "SSE-SQS" if found.get("SqsManagedSseEnabled") == "true" else ""
    settings["kmsKeyID"] = found.get("KmsMasterKeyId") or managed
    settings["encrypted"] = bool(settings["kmsKeyID"])
    settings["access"] = ours(found.get("Policy", ""))
    redrive = json.loads(found["RedrivePolicy"]) if found.get("RedrivePolicy") else None
    settings["deadLetter"] = redrive and redrive | {"maxReceiveCount": int(redrive["maxReceiveCount"])}
    return settings


def _attributes(settings: Mapping[str, Any], policy: str, *, anew: bool = True) -> dict[str, str]:
    """The attributes of these settings. `policy` is the one that there is; a queue made `anew` has nothing to undo."""
    attributes = {name: str(settings[key]) for key, name in _NUMBERS.items() if key in settings}
    attributes |= {name: str(settings[key]).lower() for key, name in _FLAGS.items() if settings.get(key) is not None}
    if anew and attributes.get("FifoQueue") == "false":
        del attributes["FifoQueue"]  # SQS refuses the word for standard queues
    if "access" in settings:
        attributes["Policy"] = merged(policy, settings["access"])
    if "deadLetter" in settings:
        attributes["RedrivePolicy"] = json.dumps(settings["deadLetter"]) if settings["deadLetter"] else ""
    if settings.get("encrypted"):
        attributes["SqsManagedSseEnabled"] = "true"
    if settings.get("kmsKeyID") == "SSE-SQS":
        attributes |= {"SqsManagedSseEnabled": "true"} | ({} if anew else {"KmsMasterKeyId": ""})
    elif "kmsKeyID" in settings:
        attributes["KmsMasterKeyId"] = settings["kmsKeyID"]
    return {name: value for name, value in attributes.items() if value or not anew}


CALLS: dict[str, Calls] = {"sqs/queue": Queue(), "sqs/redriveAllow": RedriveAllow()}
