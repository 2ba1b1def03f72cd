"""What messages of EventBridge say was changed: ARNs, from what CloudTrail and AWS Config write.

Their forms: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
and https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html. Nothing of a
message is believed but that something may have changed: whoever is told looks for himself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

CLOUD_TRAIL = "AWS API Call via CloudTrail"
CONFIG = "Config Configuration Item Change"

LONGEST = 1024 * 1024
"""Bytes of a message; SQS takes no longer ones."""

MOST = 64
"""ARNs of one message."""

_DEPTH = 8
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:[^\s\"]{1,1024}")
_QUEUE = re.compile(r"https?://[^/]+/(?P<account>[0-9]{12})/(?P<name>[A-Za-z0-9_.-]{1,80})")
_NAMES = {
    "queueName": "sqs:{region}:{account}:{name}",
    "tableName": "dynamodb:{region}:{account}:table/{name}",
    "bucketName": "s3:::{name}",
    "secretId": "secretsmanager:{region}:{account}:secret:{name}",
}
"""Parameters that name a resource without its ARN. A secret's has a random ending, which is missing then."""


def changed(body: str) -> frozenset[str]:
    """The ARNs that a message names; none if it tells of no change. Raises ValueError for what is no such message."""
    if len(body) > LONGEST:
        raise ValueError("too long")
    message = json.loads(body)
    kind, detail = (message.get("detail-type"), message.get("detail")) if isinstance(message, dict) else (None, None)
    if not isinstance(detail, dict) or kind not in (CLOUD_TRAIL, CONFIG):
        raise ValueError("neither CloudTrail's nor Config's")
    if kind == CLOUD_TRAIL and (detail.get("readOnly") is True or detail.get("errorCode")):
        return frozenset()
    found = dict.fromkeys(_named(message, detail))
    return frozenset(list(found)[:MOST])


def _named(message: Mapping[str, Any], detail: Mapping[str, Any]) -> Iterator[str]:
    place = {
        "region": str(detail.get("awsRegion") or message.get("region") or ""),
        "account": str(detail.get("recipientAccountId") or message.get("account") or ""),
    }
    partition = next((name for begin, name in _PARTITIONS.items() if place["region"].startswith(begin)), "aws")
    parts = [detail.get(part) for part in ("resources", "requestParameters", "responseElements")]
    if isinstance(item := detail.get("configurationItem"), dict):
        parts.append(item.get("ARN"))
    for name, value in (pair for part in parts for pair in _texts("", part, _DEPTH)):
        if _ARN.fullmatch(value):
            yield value
        elif queue := _QUEUE.fullmatch(value):
            yield f"arn:{partition}:sqs:{place['region']}:{queue['account']}:{queue['name']}"
        elif name in _NAMES and re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", value):
            yield f"arn:{partition}:{_NAMES[name].format(**place, name=value)}"


def _texts(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """All texts within a value, with the names of the fields that hold them."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict) and depth:
        for key, each in value.items():
            yield from _texts(str(key), each, depth - 1)
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _texts(name, each, depth - 1)
