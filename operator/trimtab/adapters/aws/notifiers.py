"""Notices to topics of SNS and buses of EventBridge, with the operator's own AWS identity."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trimtab.adapters.aws.arns import AllowedArns
from trimtab.adapters.aws.clients import AwsClients, AwsError
from trimtab.ports.notifier import Notice, NotifierError

SUBJECT = 99
"""Characters of the subject of an email that SNS sends."""

SOURCE = "trimtab.dev"

PERMANENT = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "NotFound", "ResourceNotFoundException", "ValidationException"}
)
"""Codes after which the same call will fail for ever. Rights may still be given, so their lack is not among them."""


class Sns:
    """See trimtab.ports.notifier. The channel is `{topicARN}`."""

    def __init__(self, clients: AwsClients, allowed: AllowedArns) -> None:
        self._clients = clients
        self._allowed = allowed

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port. FIFO topics get the notice's id for their own deduplication."""
        arn = self._allowed.admit(channel["topicARN"], "sns")
        attributes = {"id": notice.id, "event": notice.event, "namespace": notice.namespace, "release": notice.release}
        order = {"MessageGroupId": f"{notice.namespace}.{notice.release}", "MessageDeduplicationId": notice.id}
        await _call(
            self._clients,
            "sns",
            arn.region,
            "publish",
            TopicArn=arn.text,
            Subject=_subject(notice.title),
            Message=json.dumps(asdict(notice)),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
            **(order if arn.resource.endswith(".fifo") else {}),
        )


class EventBridge:
    """See trimtab.ports.notifier. The channel is `{busARN}`."""

    def __init__(self, clients: AwsClients, allowed: AllowedArns) -> None:
        self._clients = clients
        self._allowed = allowed

    async def deliver(self, notice: Notice, channel: Mapping[str, Any]) -> None:
        """See the port. An entry that a bus refuses comes back in an answer that looks like success."""
        arn = self._allowed.admit(channel["busARN"], "events")
        entry = {
            "EventBusName": arn.text,
            "Source": SOURCE,
            "DetailType": notice.event,
            "Detail": json.dumps(asdict(notice)),
        }
        answer = await _call(self._clients, "events", arn.region, "put_events", Entries=[entry])
        if answer.get("FailedEntryCount"):
            raise _failure("EventBridge", str(answer["Entries"][0].get("ErrorCode", "Unknown")))


async def _call(clients: AwsClients, service: str, region: str, operation: str, **parameters: Any) -> Any:
    try:
        return await clients.call(service, region, operation, **parameters)
    except AwsError as error:
        raise _failure({"sns": "SNS", "events": "EventBridge"}[service], error.code) from None


def _failure(who: str, code: str) -> NotifierError:
    return NotifierError(f"{who} answered {code}", permanent=code in PERMANENT)


def _subject(title: str) -> str:
    """SNS takes printable ASCII that begins with a letter, a digit or a punctuation mark."""
    return "".join(each if " " <= each <= "~" else "?" for each in title)[:SUBJECT].strip() or "Trimtab"
