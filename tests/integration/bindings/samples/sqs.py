"""Amazon SQS."""

from collections.abc import Mapping

from tests.integration.bindings.sample import Elsewhere, Sample
from tests.support.aws import Aws

from trimtab.domain.binding.resource import Live


def _inventory(aws: Aws) -> list[str]:
    return list(aws.client("sqs").list_queues().get("QueueUrls", ()))


def _make(aws: Aws, name: str) -> str:
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def _set(attribute: str, value: str) -> Elsewhere:
    def elsewhere(aws: Aws, lives: Mapping[str, Live]) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=lives["queue"].handle, Attributes={attribute: value})

    return elsewhere


def _take_away(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("sqs").delete_queue(QueueUrl=lives["queue"].handle)


def _fill(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("sqs").send_message(QueueUrl=lives["queue"].handle, MessageBody="keep me")


SPEC = {
    "visibilityTimeout": "30s",
    "retention": "96h",
    "delay": "1s",
    "receiveWait": "20s",
    "maximumMessageSize": 65536,
    "deadLetter": {"maxReceives": 5},
}

SAMPLE = Sample(
    member="sqs",
    spec=SPEC,
    update=SPEC | {"visibilityTimeout": "1m"},
    immutable=SPEC | {"fifo": True},
    drifts={
        "visibilityTimeout": _set("VisibilityTimeout", "7"),
        "retention": _set("MessageRetentionPeriod", "120"),
        "delay": _set("DelaySeconds", "9"),
        "receiveWait": _set("ReceiveMessageWaitTimeSeconds", "3"),
        "maximumMessageSize": _set("MaximumMessageSize", "2048"),
        "deadLetter": _set("RedrivePolicy", ""),
        "encrypted": _set("SqsManagedSseEnabled", "false"),
    },
    inventory=_inventory,
    make=_make,
    take_away=_take_away,
    fill=_fill,
    deleted_by_default=True,
)
